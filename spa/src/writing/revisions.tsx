import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";

import { member, type Schemas } from "../api/client";
import { postsApi } from "../api/posts";
import { messageOf, unwrap } from "../api/problem";
import { ErrorMessage, PageEnd, Spinner } from "../components/loading";
import { notify } from "../components/notices";
import { MembersOnly, Heading } from "../components/page";
import { DateTime } from "../components/text";
import { useLoaded, usePages } from "../hooks/loading";
import { closingSaves } from "./backup";

export function RevisionsPage({ id }: { id: string }) {
  return (
    <MembersOnly title="Revisions">
      <Revisions id={id} />
    </MembersOnly>
  );
}

function Revisions({ id }: { id: string }) {
  const { route } = useLocation();
  const post = useLoaded(id, () => closingSaves.then(() => postsApi.get(id)));
  const pages = usePages(id, (cursor) =>
    unwrap(
      member.GET("/me/posts/{post_id}/revisions", {
        params: { path: { post_id: id }, query: { cursor } },
      }),
    ),
  );

  async function restore(version: number) {
    if (post.status !== "loaded") return;
    const question = "This revision becomes public at once. Restore it?";
    if (post.value.status === "published" && !confirm(question)) return;
    try {
      await unwrap(
        member.POST("/me/posts/{post_id}/revisions/{version}/restore", {
          params: {
            path: { post_id: id, version: String(version) },
            header: { "If-Match": `"${post.value.version}"` },
          },
        }),
      );
      route(`/me/posts/${id}`);
    } catch (error) {
      notify("failure", messageOf(error));
    }
  }

  if (post.status === "failed") return <ErrorMessage error={post.error} retry={post.retry} />;
  return (
    <>
      <Heading title="Revisions" />
      <p>
        Earlier public versions of this post.{" "}
        {post.status === "loaded" && <a href={`/me/posts/${id}`}>Back to {post.value.title}</a>}
      </p>
      <ul class="rows">
        {pages.items.map((revision) => (
          <li key={revision.version}>
            <OneRevision
              id={id}
              revision={revision}
              canRestore={post.status === "loaded"}
              onRestore={() => restore(revision.version)}
            />
          </li>
        ))}
      </ul>
      <PageEnd pages={pages} empty="There are no revisions yet." />
    </>
  );
}

function OneRevision(props: {
  id: string;
  revision: Schemas["RevisionSummary"];
  canRestore: boolean;
  onRestore: () => void;
}) {
  const { version, title, created_at } = props.revision;
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        Version {version}: {title} (<DateTime at={created_at} exact />)
      </summary>
      {isOpen && <RevisionBody id={props.id} version={version} />}
      <button type="button" disabled={!props.canRestore} onClick={props.onRestore}>
        Restore this revision
      </button>
    </details>
  );
}

function RevisionBody({ id, version }: { id: string; version: number }) {
  const path = { post_id: id, version: String(version) };
  const loaded = useLoaded(`${id}/${version}`, () =>
    unwrap(member.GET("/me/posts/{post_id}/revisions/{version}", { params: { path } })),
  );
  if (loaded.status === "loading") return <Spinner />;
  if (loaded.status === "failed") return <ErrorMessage error={loaded.error} retry={loaded.retry} />;
  return (
    <pre tabIndex={0} aria-label={`Version ${version}`}>
      {loaded.value.body}
    </pre>
  );
}
