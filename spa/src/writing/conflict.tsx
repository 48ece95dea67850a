import { useEffect, useRef, useState } from "preact/hooks";

import { messageOf } from "../api/problem";
import type { Draft, State } from "./draft";
import { fieldsOf, NAMES, type Fields } from "./fields";

const LABELS: Record<keyof Fields, string> = {
  title: "Title",
  body: "Text",
  tags: "Tags",
  excerpt: "Excerpt",
  slug: "Address",
  cover_image: "Cover",
  canonical_url: "Canonical address",
  comments: "Comments",
};

/** Two texts of one post, after a 412. Whatever one chooses, both are there afterwards. */
export function Conflict({ draft }: { draft: Draft }) {
  const state = draft.state.value;
  return state.kind === "conflict" ? <Choice draft={draft} state={state} /> : null;
}

function Choice({ draft, state }: { draft: Draft; state: State & { kind: "conflict" } }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [error, setError] = useState<string>();

  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close(); // which gives the keyboard back to where it was
  }, [state]);

  async function decide(keep: "mine" | "theirs") {
    setError(undefined);
    try {
      await draft.decide(keep);
    } catch (failure) {
      setError(messageOf(failure));
    }
  }

  const mine = draft.fields.value;
  const theirs = fieldsOf(state.theirs);
  const shown = NAMES.filter((name) => mine[name] !== theirs[name]);
  return (
    <>
      <p>
        <button type="button" onClick={() => dialog.current?.showModal()}>
          Compare the two texts
        </button>
      </p>
      <dialog ref={dialog} aria-labelledby="conflict">
        <h2 id="conflict">This post was changed elsewhere</h2>
        <p>
          In another tab or on another device, while you were editing. Choose which text goes on
          here; the other one becomes a draft of its own.
        </p>
        <div class="panes">
          <Version name="Your text" fields={mine} shown={shown} />
          <Version name="The other text" fields={theirs} shown={shown} />
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
      </dialog>
    </>
  );
}

function Version(props: { name: string; fields: Fields; shown: (keyof Fields)[] }) {
  return (
    <section>
      <h3>{props.name}</h3>
      {props.shown.map((name) => (
        <div key={name}>
          <p class="quiet">{LABELS[name]}</p>
          <pre tabIndex={0} aria-label={`${props.name}: ${LABELS[name]}`}>
            {props.fields[name]}
          </pre>
        </div>
      ))}
    </section>
  );
}
