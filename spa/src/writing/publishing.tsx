import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";

import { member } from "../api/client";
import type { StatusChange } from "../api/posts";
import { messageOf, unwrap } from "../api/problem";
import { TextField } from "../components/field";
import { notify } from "../components/notices";
import { DateTime } from "../components/text";
import type { EditSession } from "./edit-session";

/** Buttons that publish, schedule, update, unpublish and delete a post. */
export function Publishing({ editing }: { editing: EditSession }) {
  const { route } = useLocation();
  const [at, setAt] = useState("");
  const post = editing.post.value;
  const status = post?.status ?? "draft";

  async function save(change: StatusChange, message: string) {
    if (await editing.save(change)) notify("success", message);
  }

  async function schedule() {
    const time = new Date(at); // in the time zone of the browser
    if (at === "" || Number.isNaN(time.getTime())) {
      editing.fieldErrors.value = { publish_at: "Choose a date and a time." };
      return;
    }
    await save({ status: "scheduled", publish_at: time.toISOString() }, "Scheduled.");
  }

  async function remove() {
    if (!post || !confirm("Delete this post and its comments? This cannot be undone.")) return;
    try {
      await unwrap(member.DELETE("/posts/{post_id}", { params: { path: { post_id: post.id } } }));
      editing.discard();
      route("/me/posts", true);
    } catch (error) {
      notify("failure", messageOf(error));
    }
  }

  return (
    <section class="publishing" aria-labelledby="publishing">
      <h2 id="publishing">Publishing</h2>
      <p>
        {status === "draft" && "This is a draft. Only you can read it."}
        {status === "scheduled" && post?.publish_at && (
          <>
            This post will be published on <DateTime at={post.publish_at} exact />.
          </>
        )}
        {status === "published" &&
          post?.moderation &&
          "A moderator has hidden this post. Only you can read it."}
        {status === "published" && post && !post.moderation && (
          <>
            Everyone can read this post:{" "}
            <a dir="auto" href={`/posts/${post.slug}`}>
              {post.title}
            </a>
          </>
        )}
      </p>
      <p class="actions">
        {status === "published" ? (
          <button type="button" class="primary" onClick={() => save({}, "Updated.")}>
            Update
          </button>
        ) : (
          <button
            type="button"
            class="primary"
            onClick={() => save({ status: "published" }, "Published.")}
          >
            Publish
          </button>
        )}
        {status === "scheduled" && (
          <button type="button" onClick={() => save({ status: "scheduled" }, "Saved.")}>
            Save
          </button>
        )}
        {status !== "draft" && (
          <button type="button" onClick={() => save({ status: "draft" }, "Moved back to drafts.")}>
            Move back to drafts
          </button>
        )}
        {post && <a href={`/me/posts/${post.id}/revisions`}>Revisions</a>}
        {post && (
          <button type="button" class="danger" onClick={remove}>
            Delete
          </button>
        )}
      </p>
      {status !== "published" && (
        <div class="schedule">
          <TextField
            label="Publish later"
            type="datetime-local"
            value={at}
            onValue={setAt}
            error={editing.fieldErrors.value.publish_at}
          />
          <button type="button" onClick={schedule}>
            Schedule
          </button>
        </div>
      )}
    </section>
  );
}
