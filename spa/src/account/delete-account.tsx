import { useState } from "preact/hooks";

import { member } from "../api/client";
import { messageOf, unwrap } from "../api/problem";
import { logOut, session } from "../session/session";
import { forgetAll } from "../writing/backup";

type Content = "erase" | "anonymise";

export function DeleteAccountSection() {
  const [content, setContent] = useState<Content>();
  const [error, setError] = useState<string>();

  async function deleteAccount(event: Event) {
    event.preventDefault();
    if (session.value.status !== "member") return;
    if (!content) return setError("Choose what should happen to your content.");
    if (!confirm("Delete your account? This cannot be undone.")) return;
    try {
      await unwrap(member.DELETE("/me", { params: { query: { content } } }));
      forgetAll(session.value.me.author_id);
      await logOut();
    } catch (failure) {
      setError(messageOf(failure));
    }
  }

  const choice = (value: Content, text: string) => (
    <label class="check">
      <input
        type="radio"
        name="content"
        value={value}
        checked={content === value}
        onChange={() => setContent(value)}
      />
      {text}
    </label>
  );
  return (
    <section aria-labelledby="delete-account">
      <h2 id="delete-account">Delete your account</h2>
      <form class="stack" onSubmit={deleteAccount}>
        <fieldset>
          <legend>What should happen to your content?</legend>
          {choice("erase", "Delete all of it")}
          {choice("anonymise", "Keep what is published, without my name")}
        </fieldset>
        {error && (
          <p class="error" role="alert">
            {error}
          </p>
        )}
        <p>
          <button type="submit" class="danger">
            Delete account
          </button>
        </p>
      </form>
    </section>
  );
}
