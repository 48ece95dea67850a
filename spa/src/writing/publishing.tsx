import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";

import { member } from "../api/client";
import { messageOf, taken } from "../api/problem";
import { TextField } from "../parts/field";
import { notify } from "../parts/notices";
import { Moment } from "../parts/text";
import type { Draft, Step } from "./draft";

/** Draft, scheduled, published, and back; and the end of a post. */
export function Publishing({ draft }: { draft: Draft }) {
  const { route } = useLocation();
  const [at, setAt] = useState("");
  const post = draft.post.value;
  const status = post?.status ?? "draft";

  async function take(step: Step, done: string) {
    if (await draft.save(step)) notify("success", done);
  }

  async function schedule() {
    const moment = new Date(at); // in this person's own time
    if (at === "" || Number.isNaN(moment.getTime())) {
      draft.faults.value = { publish_at: "Choose a day and a time" };
      return;
    }
    await take({ status: "scheduled", publish_at: moment.toISOString() }, "It is scheduled.");
  }

  async function remove() {
    if (!post || !confirm("Delete this post, with its comments? This cannot be undone.")) return;
    try {
      await taken(member.DELETE("/posts/{post_id}", { params: { path: { post_id: post.id } } }));
      draft.discard();
      route("/me/posts", true);
    } catch (error) {
      notify("failure", messageOf(error));
    }
  }

  return (
    <section class="publishing" aria-labelledby="publishing">
      <h2 id="publishing">Publishing</h2>
      <p>
        {status === "draft" && "This is a draft. Nobody but you can read it."}
        {status === "scheduled" && post?.publish_at && (
          <>
            It will be published on <Moment at={post.publish_at} exact />.
          </>
        )}
        {status === "published" && post?.moderation && "Nobody but you can read it: it is hidden."}
        {status === "published" && post && !post.moderation && (
          <>
            Everyone can read it: <a href={`/posts/${post.slug}`}>{post.title}</a>
          </>
        )}
      </p>
      <p class="actions">
        {status === "published" ? (
          <button
            type="button"
            class="primary"
            onClick={() => take({}, "The new text is in its place.")}
          >
            Update
          </button>
        ) : (
          <button
            type="button"
            class="primary"
            onClick={() => take({ status: "published" }, "It is published.")}
          >
            Publish
          </button>
        )}
        {status === "scheduled" && (
          <button type="button" onClick={() => take({ status: "scheduled" }, "It is saved.")}>
            Save
          </button>
        )}
        {status !== "draft" && (
          <button type="button" onClick={() => take({ status: "draft" }, "It is a draft again.")}>
            Back to draft
          </button>
        )}
        {post && <a href={`/me/posts/${post.id}/revisions`}>Former texts</a>}
        {post && (
          <button type="button" class="danger" onClick={remove}>
            Delete
          </button>
        )}
      </p>
      {status !== "published" && (
        <div class="schedule">
          <TextField
            label="Or publish it later"
            type="datetime-local"
            value={at}
            onValue={setAt}
            error={draft.faults.value.publish_at}
          />
          <button type="button" onClick={schedule}>
            Schedule
          </button>
        </div>
      )}
    </section>
  );
}
