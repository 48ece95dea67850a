import { useEffect, useRef, useState } from "preact/hooks";

import { messageOf } from "../api/problem";
import type { EditSession } from "./edit-session";
import { fieldsOf, NAMES, type Fields } from "./fields";
import type { State } from "./resolve";

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

/** Two versions of a post, after a 412. Both still exist after the choice. */
export function Conflict({ editing }: { editing: EditSession }) {
  const state = editing.state.value;
  return state.kind === "conflict" ? <Choice editing={editing} state={state} /> : null;
}

function Choice({ editing, state }: { editing: EditSession; state: State & { kind: "conflict" } }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [error, setError] = useState<string>();

  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close(); // which returns the focus
  }, [state]);

  async function decide(keep: "mine" | "theirs") {
    setError(undefined);
    try {
      await editing.decide(keep);
    } catch (failure) {
      setError(messageOf(failure));
    }
  }

  const mine = editing.fields.value;
  const theirs = fieldsOf(state.theirs);
  const shown = NAMES.filter((name) => mine[name] !== theirs[name]);
  return (
    <>
      <p>
        <button type="button" onClick={() => dialog.current?.showModal()}>
          Compare the versions
        </button>
      </p>
      <dialog ref={dialog} aria-labelledby="conflict">
        <h2 id="conflict">This post was changed elsewhere</h2>
        <p>
          It was changed in another tab or on another device while you were editing. Choose which
          version to keep here. The other version is saved as a separate draft.
        </p>
        <div class="panes">
          <Version name="Your version" fields={mine} shown={shown} />
          <Version name="The other version" fields={theirs} shown={shown} />
        </div>
        {error && (
          <p class="error" role="alert">
            {error}
          </p>
        )}
        <p class="actions">
          <button type="button" class="primary" onClick={() => decide("mine")}>
            Keep your version
          </button>
          <button type="button" class="primary" onClick={() => decide("theirs")}>
            Keep the other version
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
          <pre dir="auto" tabIndex={0} aria-label={`${props.name}: ${LABELS[name]}`}>
            {props.fields[name]}
          </pre>
        </div>
      ))}
    </section>
  );
}
