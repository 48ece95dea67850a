import { logIn } from "../session/session";
import type { Draft } from "./draft";

/** Where the text is: with the API, or on this device alone, and why. */
export function SaveState({ draft }: { draft: Draft }) {
  const { text, action } = words(draft);
  // Read out is what concerns who types, and not each pause.
  const isOrdinary = ["saved", "saving", "unsaved"].includes(draft.state.value.kind);
  return (
    <div class="save-state">
      <span role="status" aria-live={isOrdinary ? "off" : "polite"}>
        {text}
      </span>
      {action}
    </div>
  );
}

function words(draft: Draft) {
  const state = draft.state.value;
  switch (state.kind) {
    case "saved":
      return { text: draft.post.value ? "Saved" : "" };
    case "saving":
      return { text: "Saving …" };
    case "unsaved":
      return { text: draft.savesItself.value ? "Not saved yet" : "Changed, and not published yet" };
    case "offline":
      return {
        text: "Offline: your text is kept on this device, and saved when the server is back.",
      };
    case "login":
      return {
        text: "Your session has ended. Your text is kept on this device.",
        action: (
          <button type="button" onClick={() => logIn()}>
            Log in
          </button>
        ),
      };
    case "gone":
      return {
        text: "This post was deleted elsewhere. Your text is kept on this device.",
        action: (
          <button type="button" onClick={() => draft.saveAsNew()}>
            Save it as a new post
          </button>
        ),
      };
    case "conflict":
      return { text: "Changed elsewhere: choose what is to become of both texts." };
    case "refused":
      return { text: <span class="error">{state.message}</span> };
  }
}
