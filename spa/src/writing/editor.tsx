import { useEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";

import { TextArea, TextField } from "../parts/field";
import { useLoaded, Waiting } from "../parts/loading";
import { ForMembers, Heading } from "../parts/page";
import { session } from "../session/session";
import { NotLoaded } from "../pages/not-found";
import { lastLeft } from "./backup";
import { Conflict } from "./conflict";
import { Cover } from "./cover";
import { Draft, myPost } from "./draft";
import { Preview } from "./preview";
import { Publishing } from "./publishing";
import { SaveState } from "./save-state";

/** `id` is a post's, or `new`. */
export function EditorPage({ id }: { id: string }) {
  return (
    <ForMembers title="Write">
      <LoadedEditor id={id} />
    </ForMembers>
  );
}

function LoadedEditor({ id }: { id: string }) {
  const { route } = useLocation();
  const [draft, setDraft] = useState<Draft>();
  // A new post gets its address when it is first saved; the editor goes on with it as it is.
  const [shown, setShown] = useState<string>();
  const address = useRef<string>(); // the same, for what happens later
  const isShown = draft !== undefined && shown === id;
  const loaded = useLoaded(isShown ? "" : id, async () =>
    isShown ? undefined : lastLeft.then(() => (id === "new" ? undefined : myPost(id))),
  );

  useEffect(() => {
    if (isShown || loaded.status !== "loaded" || session.value.status !== "member")
      return undefined;
    let isCurrent = true;
    const opened = new Draft(session.value.me.author_id, (post) => {
      if (location.pathname !== `/me/posts/${address.current}`) return; // gone elsewhere meanwhile
      address.current = post.id;
      setShown(post.id);
      route(`/me/posts/${post.id}`, true);
    });
    void opened.open(loaded.value).then(() => {
      if (!isCurrent) return opened.close();
      address.current = id;
      setDraft(opened);
      setShown(id);
    });
    return () => {
      isCurrent = false;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- one session for each post that is loaded
  }, [loaded.status, id]);
  useEffect(() => () => draft?.close(), [draft]);

  if (isShown) return <Editor draft={draft} />;
  if (loaded.status !== "failed") return <Waiting />;
  return <NotLoaded failed={loaded} />;
}

function Editor({ draft }: { draft: Draft }) {
  const [isPreviewed, setPreviewed] = useState(false);
  const fields = draft.fields.value;
  const faults = draft.faults.value;
  const post = draft.post.value;
  const more = useRef<HTMLDetailsElement>(null);
  const isMoreAtFault = Boolean(faults.excerpt ?? faults.slug ?? faults.canonical_url);
  useEffect(() => {
    // Opened, and never shut, which would take the field away that one is in.
    if (isMoreAtFault && more.current) more.current.open = true;
  }, [isMoreAtFault]);
  return (
    <>
      <Heading title={post ? `Edit: ${post.title}` : "Write"}>{post ? "Edit" : "Write"}</Heading>
      {post?.moderation && (
        <p class="failure">
          A moderator has hidden this post: {post.moderation.reason} You may edit or delete it.
        </p>
      )}
      <form class="editor" onSubmit={(event) => event.preventDefault()}>
        <TextField
          label="Title"
          value={fields.title}
          onValue={(title) => draft.change({ title })}
          error={faults.title}
        />
        <div class="bar">
          <button
            type="button"
            class="toggle"
            aria-pressed={isPreviewed}
            onClick={() => setPreviewed(!isPreviewed)}
          >
            Preview
          </button>
          <SaveState draft={draft} />
        </div>
        <div class={isPreviewed ? "panes" : ""}>
          <TextArea
            label="Text"
            hint="Markdown"
            rows={18}
            class="markdown"
            value={fields.body}
            onValue={(body) => draft.change({ body })}
            error={faults.body}
          />
          {isPreviewed && <Preview body={fields.body} />}
        </div>
        <TextField
          label="Tags"
          hint="With commas between them, ten at most"
          value={fields.tags}
          onValue={(tags) => draft.change({ tags })}
          error={faults.tags}
        />
        <Cover
          address={fields.cover_image}
          onAddress={(cover_image) => draft.change({ cover_image })}
          error={faults.cover_image}
        />
        <details ref={more}>
          <summary>More</summary>
          <TextArea
            label="Excerpt"
            hint="For lists and feeds; the first words, if it is empty"
            rows={3}
            value={fields.excerpt}
            onValue={(excerpt) => draft.change({ excerpt })}
            error={faults.excerpt}
          />
          <TextField
            label="Address"
            hint="Small letters, digits and hyphens; made from the title, if it is empty"
            value={fields.slug}
            onValue={(slug) => draft.change({ slug })}
            error={faults.slug}
          />
          <TextField
            label="Canonical address"
            hint="Where the text was published first, if that is elsewhere"
            type="url"
            value={fields.canonical_url}
            onValue={(canonical_url) => draft.change({ canonical_url })}
            error={faults.canonical_url}
          />
          <label class="check">
            <input
              type="checkbox"
              checked={fields.comments === "open"}
              onChange={(event) =>
                draft.change({ comments: event.currentTarget.checked ? "open" : "closed" })
              }
            />
            Open for comments
          </label>
        </details>
        <Publishing draft={draft} />
      </form>
      <Conflict draft={draft} />
    </>
  );
}
