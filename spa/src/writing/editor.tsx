import { useEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";

import { postsApi } from "../api/posts";
import { TextArea, TextField } from "../components/field";
import { Spinner } from "../components/loading";
import { MembersOnly, Heading } from "../components/page";
import { useLoaded } from "../hooks/loading";
import { LoadError } from "../pages/not-found";
import { session } from "../session/session";
import { closingSaves } from "./backup";
import { Conflict } from "./conflict";
import { Cover } from "./cover";
import { EditSession } from "./edit-session";
import { Preview } from "./preview";
import { Publishing } from "./publishing";
import { SaveState } from "./save-state";

// Milliseconds without a key pressed. Tests in a browser set a shorter delay.
const AUTOSAVE_DELAY = Number(import.meta.env.VITE_AUTOSAVE_DELAY ?? 1_000);

/** The editor of a post; `id` is the id of the post, or `new`. */
export function EditorPage({ id }: { id: string }) {
  return (
    <MembersOnly title="Write">
      <LoadedEditor id={id} />
    </MembersOnly>
  );
}

function LoadedEditor({ id }: { id: string }) {
  const { route } = useLocation();
  const [editing, setEditing] = useState<EditSession>();
  // The first save of a new post changes `id` in the URL; the same session continues.
  const [shownId, setShownId] = useState<string>();
  const currentId = useRef<string>(); // the same value, for callbacks
  const isShown = editing !== undefined && shownId === id;
  const loaded = useLoaded(isShown ? "" : id, async () =>
    isShown ? undefined : closingSaves.then(() => (id === "new" ? undefined : postsApi.get(id))),
  );

  useEffect(() => {
    if (isShown || loaded.status !== "loaded" || session.value.status !== "member")
      return undefined;
    let isCurrent = true;
    const opened = new EditSession({
      authorId: session.value.me.author_id,
      posts: postsApi,
      autosaveDelay: AUTOSAVE_DELAY,
      onCreated(post) {
        if (location.pathname !== `/me/posts/${currentId.current}`) return; // the author has left
        currentId.current = post.id;
        setShownId(post.id);
        route(`/me/posts/${post.id}`, true);
      },
    });
    void opened.open(loaded.value).then(() => {
      if (!isCurrent) return opened.close();
      currentId.current = id;
      setEditing(opened);
      setShownId(id);
    });
    return () => {
      isCurrent = false;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- one session for each post that is loaded
  }, [loaded.status, id]);
  useEffect(() => () => editing?.close(), [editing]);

  if (isShown) return <Editor editing={editing} />;
  if (loaded.status !== "failed") return <Spinner />;
  return <LoadError failed={loaded} />;
}

function Editor({ editing }: { editing: EditSession }) {
  const [isPreviewed, setPreviewed] = useState(false);
  const fields = editing.fields.value;
  const errors = editing.fieldErrors.value;
  const post = editing.post.value;
  const more = useRef<HTMLDetailsElement>(null);
  const hasErrorInMore = Boolean(errors.excerpt ?? errors.slug ?? errors.canonical_url);
  useEffect(() => {
    // Open it, but never close it: that would hide the field that has the focus.
    if (hasErrorInMore && more.current) more.current.open = true;
  }, [hasErrorInMore]);
  return (
    <>
      <Heading title={post ? `Edit: ${post.title}` : "Write"}>{post ? "Edit" : "Write"}</Heading>
      {post?.moderation && (
        <p class="failure">
          A moderator has hidden this post: {post.moderation.reason} You can edit or delete it.
        </p>
      )}
      <form class="editor" onSubmit={(event) => event.preventDefault()}>
        <TextField
          label="Title"
          value={fields.title}
          onValue={(title) => editing.change({ title })}
          error={errors.title}
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
          <SaveState editing={editing} />
        </div>
        <div class={isPreviewed ? "panes" : ""}>
          <TextArea
            label="Text"
            hint="Markdown"
            rows={18}
            class="markdown"
            value={fields.body}
            onValue={(body) => editing.change({ body })}
            error={errors.body}
          />
          {isPreviewed && <Preview body={fields.body} />}
        </div>
        <TextField
          label="Tags"
          hint="Up to ten, separated by commas"
          value={fields.tags}
          onValue={(tags) => editing.change({ tags })}
          error={errors.tags}
        />
        <Cover
          address={fields.cover_image}
          onAddress={(cover_image) => editing.change({ cover_image })}
          error={errors.cover_image}
        />
        <details ref={more}>
          <summary>More</summary>
          <TextArea
            label="Excerpt"
            hint="Shown in lists and feeds. If empty, the first words of the text."
            rows={3}
            value={fields.excerpt}
            onValue={(excerpt) => editing.change({ excerpt })}
            error={errors.excerpt}
          />
          <TextField
            label="Address"
            hint="Lowercase letters, digits and hyphens. If empty, made from the title."
            value={fields.slug}
            onValue={(slug) => editing.change({ slug })}
            error={errors.slug}
          />
          <TextField
            label="Canonical address"
            hint="Where the text was first published, if on another site"
            type="url"
            value={fields.canonical_url}
            onValue={(canonical_url) => editing.change({ canonical_url })}
            error={errors.canonical_url}
          />
          <label class="check">
            <input
              type="checkbox"
              checked={fields.comments === "open"}
              onChange={(event) =>
                editing.change({ comments: event.currentTarget.checked ? "open" : "closed" })
              }
            />
            Allow comments
          </label>
        </details>
        <Publishing editing={editing} />
      </form>
      <Conflict editing={editing} />
    </>
  );
}
