import { useEffect, useRef, useState } from "preact/hooks";

import { messageOf } from "../api/problem";
import type { Draft } from "./draft";

/** Two texts of one post, after a 412. Whatever one chooses, both are there afterwards. */
export function Conflict({ draft }: { draft: Draft }) {
  const state = draft.state.value;
  const dialog = useRef<HTMLDialogElement>(null);
  const [error, setError] = useState<string>();
  const isOpen = state.kind === "conflict";

  useEffect(() => {
    if (isOpen && !dialog.current?.open) dialog.current?.showModal();
    if (!isOpen && dialog.current?.open) dialog.current.close();
  }, [isOpen]);

  async function decide(keep: "mine" | "theirs") {
    setError(undefined);
    try {
      await draft.decide(keep);
    } catch (failure) {
      setError(messageOf(failure));
    }
  }

  const mine = draft.fields.value;
  return (
    <>
      {isOpen && (
        <p>
          <button type="button" onClick={() => dialog.current?.showModal()}>
            Compare the two texts
          </button>
        </p>
      )}
      <dialog ref={dialog} class="conflict" aria-labelledby="conflict">
        {state.kind === "conflict" && (
          <>
            <h2 id="conflict">This post was changed elsewhere</h2>
            <p>
              In another tab or on another device, while you were editing. Choose which text goes on
              here; the other one becomes a draft of its own.
            </p>
            <div class="panes">
              <Version name="Your text" title={mine.title} body={mine.body} />
              <Version name="The other text" title={state.theirs.title} body={state.theirs.body} />
            </div>
            {error && (
              <p class="error" role="alert">
                {error}
              </p>
            )}
            <p class="actions">
              <button type="button" class="primary" onClick={() => decide("mine")}>
                Go on with yours
              </button>
              <button type="button" class="primary" onClick={() => decide("theirs")}>
                Go on with the other
              </button>
              <button type="button" onClick={() => dialog.current?.close()}>
                Decide later
              </button>
            </p>
          </>
        )}
      </dialog>
    </>
  );
}

function Version({ name, title, body }: { name: string; title: string; body: string }) {
  return (
    <section>
      <h3>{name}</h3>
      <p>
        <strong>{title}</strong>
      </p>
      <pre tabIndex={0} aria-label={name}>
        {body}
      </pre>
    </section>
  );
}
