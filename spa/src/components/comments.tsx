import { useEffect, useRef, useState } from "preact/hooks";

import { member, visitor, type Schemas } from "../api/client";
import { messageOf, Problem, unwrap } from "../api/problem";
import { tab } from "../browser-storage";
import { usePages } from "../hooks/loading";
import { displayedUser, isMine, logIn } from "../session/session";
import { TextArea } from "./field";
import { PageEnd } from "./loading";
import { notify } from "./notices";
import { DateTime, Html } from "./text";

type Post = Schemas["PostDetail"];
type Comment = Schemas["CommentDetail"];
type Entry = Comment | Schemas["Tombstone"];

/** The comments on a post, oldest first, with each reply below its parent. */
export function Comments({ post, start }: { post: Post; start?: string | undefined }) {
  const pages = usePages<Entry>(
    `/posts/${post.id}/comments?limit=50`,
    (cursor) =>
      unwrap(
        visitor.GET("/posts/{post_id}/comments", {
          params: { path: { post_id: post.id }, query: { limit: 50, cursor } },
        }),
      ),
    start,
  );
  const isOpen = post.comments === "open";
  const heading = useRef<HTMLHeadingElement>(null);
  // A new comment is appended at once, and may arrive again with its page. Show it only once.
  const entries = [...new Map(pages.items.map((entry) => [entry.id, entry])).values()];
  const shown = new Set(entries.map((entry) => entry.id));

  function put(comment: Comment) {
    pages.change((all) =>
      all.some((entry) => entry.id === comment.id)
        ? all.map((entry) => (entry.id === comment.id ? comment : entry))
        : [...all, comment],
    );
  }

  function remove({ id }: Comment) {
    pages.change((all) =>
      all.some((entry) => parentOf(entry) === id)
        ? all.map((entry) => (entry.id === id ? { id, deleted: true } : entry))
        : all.filter((entry) => entry.id !== id),
    );
    heading.current?.focus();
  }

  /** Show the replies to a comment, or the top level, with replies whose parent is not loaded. */
  function thread(parent: string | null) {
    const replies = entries.filter((entry) => {
      const id = parentOf(entry);
      return parent === null ? id === null || !shown.has(id) : id === parent;
    });
    if (replies.length === 0) return null;
    return (
      <ol class="thread">
        {replies.map((entry) => (
          <li key={entry.id}>
            {"deleted" in entry ? (
              <p class="quiet">This comment was deleted.</p>
            ) : (
              <OneComment comment={entry} post={post} onPut={put} onRemove={() => remove(entry)} />
            )}
            {thread(entry.id)}
          </li>
        ))}
      </ol>
    );
  }

  return (
    <section class="comments" aria-labelledby="comments">
      <h2 id="comments" ref={heading} tabIndex={-1}>
        Comments
      </h2>
      {thread(null)}
      <PageEnd pages={pages} empty={isOpen ? "No comments yet." : ""} />
      {!isOpen && <p class="quiet">Comments are closed.</p>}
      {isOpen && (entries.length > 0 || !pages.isLoading) && <NewComment post={post} onPut={put} />}
    </section>
  );
}

function parentOf(entry: Entry): string | null {
  return "deleted" in entry ? null : entry.parent_id;
}

function OneComment(props: {
  comment: Comment;
  post: Post;
  onPut: (comment: Comment) => void;
  onRemove: () => void;
}) {
  const { comment, post } = props;
  const [doing, setDoing] = useState<"reply" | "edit">();
  const article = useRef<HTMLElement>(null);
  const path = { post_id: comment.post_id, comment_id: comment.id };
  const put = (changed: Comment) => {
    stop();
    props.onPut(changed);
  };

  function stop() {
    setDoing(undefined);
    article.current?.focus(); // the form that has the focus disappears
  }

  async function remove() {
    if (!confirm("Delete this comment?")) return;
    try {
      const call = { params: { path } };
      await unwrap(member.DELETE("/posts/{post_id}/comments/{comment_id}", call));
      props.onRemove();
    } catch (error) {
      notify("failure", messageOf(error));
    }
  }

  async function edit(body: string): Promise<Comment> {
    const header = { "If-Match": `"${comment.version}"` };
    const call = { params: { path, header }, body: { body } };
    return unwrap(member.PATCH("/posts/{post_id}/comments/{comment_id}", call));
  }

  const mayReply = post.comments === "open" && displayedUser();
  return (
    <article class="comment" ref={article} tabIndex={-1}>
      <p class="byline">
        <a dir="auto" href={`/authors/${comment.author.id}`}>
          {comment.author.name}
        </a>
        <DateTime at={comment.created_at} />
        {comment.status === "pending" && <span>Pending approval by the author</span>}
      </p>
      {doing === "edit" ? (
        <CommentForm
          label="Your comment"
          action="Save"
          backupName={`${comment.id}.edit`}
          initial={comment.body}
          send={edit}
          onSent={put}
          onCancel={stop}
        />
      ) : (
        <Html html={comment.body_html} />
      )}
      <p class="actions">
        {mayReply && (
          <button type="button" onClick={() => setDoing("reply")}>
            Reply
          </button>
        )}
        {isMine(comment.author.id) && (
          <button type="button" onClick={() => setDoing("edit")}>
            Edit
          </button>
        )}
        {(isMine(comment.author.id) || isMine(post.author.id)) && (
          <button type="button" onClick={remove}>
            Delete
          </button>
        )}
      </p>
      {doing === "reply" && <NewComment post={post} parent={comment} onPut={put} onCancel={stop} />}
    </article>
  );
}

function NewComment(props: {
  post: Post;
  parent?: Comment;
  onPut: (comment: Comment) => void;
  onCancel?: () => void;
}) {
  const { post, parent } = props;
  if (!displayedUser()) {
    return (
      <p>
        <button type="button" onClick={() => logIn()}>
          Log in to comment
        </button>
      </p>
    );
  }
  return (
    <CommentForm
      label={parent ? `Your reply to ${parent.author.name}` : "Your comment"}
      action={parent ? "Reply" : "Comment"}
      backupName={parent?.id ?? post.id}
      initial=""
      send={(body, key) =>
        unwrap(
          member.POST("/posts/{post_id}/comments", {
            params: { path: { post_id: post.id }, header: { "Idempotency-Key": key } },
            body: { body, parent_id: parent?.id ?? null },
          }),
        )
      }
      onSent={props.onPut}
      onCancel={props.onCancel}
    />
  );
}

/** A form that keeps what is typed in this tab until it is sent, through a reload and a login. */
function CommentForm(props: {
  label: string;
  action: string;
  backupName: string;
  initial: string;
  send: (body: string, key: string) => Promise<Comment>;
  onSent: (comment: Comment) => void;
  onCancel?: (() => void) | undefined;
}) {
  const storageKey = `blog.comment.${displayedUser()?.authorId}.${props.backupName}`;
  const backup = tab.get<{ body: string; key: string }>(storageKey);
  const [body, setBody] = useState(backup?.body ?? props.initial);
  const [isSending, setSending] = useState(false);
  const [error, setError] = useState<unknown>();
  // Requests with the same key and body create one comment, however often they are sent.
  const key = useRef(backup?.key ?? crypto.randomUUID());

  function change(text: string) {
    key.current = crypto.randomUUID();
    tab.set(storageKey, { body: text, key: key.current });
    setBody(text);
  }

  async function submit(event: Event) {
    event.preventDefault();
    if (isSending) return; // a disabled button would lose the focus
    setSending(true);
    setError(undefined);
    try {
      const comment = await props.send(body, key.current);
      tab.remove(storageKey);
      setBody("");
      props.onSent(comment);
    } catch (failure) {
      setError(failure);
    } finally {
      setSending(false);
    }
  }

  function cancel() {
    tab.remove(storageKey);
    props.onCancel?.();
  }

  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (props.onCancel) form.current?.querySelector("textarea")?.focus(); // the user opened this form
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only when the form appears
  }, []);

  const atField = error instanceof Problem ? error.fields.body : undefined;
  return (
    <form class="stack" onSubmit={submit} ref={form}>
      <TextArea
        label={props.label}
        hint="Markdown, without headings and images"
        value={body}
        onValue={change}
        readOnly={isSending}
        error={atField ?? (error ? messageOf(error) : undefined)}
        required
      />
      <p class="actions">
        <button type="submit" class="primary" aria-disabled={isSending}>
          {props.action}
        </button>
        {props.onCancel && (
          <button type="button" onClick={cancel}>
            Cancel
          </button>
        )}
      </p>
    </form>
  );
}
