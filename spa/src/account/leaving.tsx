import { useState } from "preact/hooks";

import { member } from "../api/client";
import { messageOf, taken } from "../api/problem";
import { logOut, session } from "../session/session";
import { forgetAll } from "../writing/backup";

type Content = "erase" | "anonymise";

export function LeavingSection() {
  const [content, setContent] = useState<Content>();
  const [error, setError] = useState<string>();

  async function leave(event: Event) {
    event.preventDefault();
    if (session.value.status !== "member") return;
    if (!content) return setError("Choose what is to become of what you wrote.");
    if (!confirm("Leave for good? This cannot be undone.")) return;
    try {
      await taken(member.DELETE("/me", { params: { query: { content } } }));
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
    <section aria-labelledby="leaving">
      <h2 id="leaving">Leaving</h2>
      <form class="stack" onSubmit={leave}>
        <fieldset>
          <legend>What is to become of what you wrote?</legend>
          {choice("erase", "Delete all of it")}
          {choice("anonymise", "Keep what was published, without my name")}
        </fieldset>
        {error && (
          <p class="error" role="alert">
            {error}
          </p>
        )}
        <p>
          <button type="submit" class="danger">
            Leave
          </button>
        </p>
      </form>
    </section>
  );
}
