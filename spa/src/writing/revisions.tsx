import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";

import { member, type Schemas } from "../api/client";
import { messageOf, taken } from "../api/problem";
import { Failure, PageEnd, useLoaded, usePages, Waiting } from "../parts/loading";
import { notify } from "../parts/notices";
import { ForMembers, Heading } from "../parts/page";
import { Moment } from "../parts/text";
import { lastLeft } from "./backup";
import { myPost } from "./draft";

export function RevisionsPage({ id }: { id: string }) {
  return (
    <ForMembers title="Former texts">
      <Revisions id={id} />
    </ForMembers>
  );
}

function Revisions({ id }: { id: string }) {
  const { route } = useLocation();
  const post = useLoaded(id, () => lastLeft.then(() => myPost(id)));
  const pages = usePages(id, (cursor) =>
    taken(
      member.GET("/me/posts/{post_id}/revisions", {
        params: { path: { post_id: id }, query: { cursor } },
      }),
    ),
  );

  async function restore(version: number) {
    if (post.status !== "loaded") return;
    const question = "Everyone will read this text at once. Restore it?";
    if (post.value.status === "published" && !confirm(question)) return;
    try {
      await taken(
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

  if (post.status === "failed") return <Failure error={post.error} again={post.again} />;
  return (
    <>
      <Heading title="Former texts" />
      <p>
        What was public before an edit.{" "}
        {post.status === "loaded" && <a href={`/me/posts/${id}`}>Back to {post.value.title}</a>}
      </p>
      <ul class="rows">
        {pages.items.map((revision) => (
          <li key={revision.version}>
            <OneRevision id={id} revision={revision} onRestore={() => restore(revision.version)} />
          </li>
        ))}
      </ul>
      <PageEnd pages={pages} empty="There are none." />
    </>
  );
}

function OneRevision(props: {
  id: string;
  revision: Schemas["RevisionSummary"];
  onRestore: () => void;
}) {
  const { version, title, created_at } = props.revision;
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        Version {version}: {title} (<Moment at={created_at} exact />)
      </summary>
      {isOpen && <RevisionText id={props.id} version={version} />}
      <button type="button" onClick={props.onRestore}>
        Restore this text
      </button>
    </details>
  );
}

function RevisionText({ id, version }: { id: string; version: number }) {
  const path = { post_id: id, version: String(version) };
  const loaded = useLoaded(`${id}/${version}`, () =>
    taken(member.GET("/me/posts/{post_id}/revisions/{version}", { params: { path } })),
  );
  if (loaded.status === "loading") return <Waiting />;
  if (loaded.status === "failed") return <Failure error={loaded.error} again={loaded.again} />;
  return (
    <pre tabIndex={0} aria-label={`Version ${version}`}>
      {loaded.value.body}
    </pre>
  );
}
