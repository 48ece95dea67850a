import { logIn } from "../session/session";
import type { EditSession } from "./edit-session";

/** Show whether the post is saved, and if not, why. */
export function SaveState({ editing }: { editing: EditSession }) {
  const { text, action } = messageFor(editing);
  // Announce only states that need the author's attention.
  const isOrdinary = ["saved", "saving", "unsaved"].includes(editing.state.value.kind);
  return (
    <div class="save-state">
      <span role="status" aria-live={isOrdinary ? "off" : "polite"}>
        {text}
      </span>
      {action}
    </div>
  );
}

function messageFor(editing: EditSession) {
  const state = editing.state.value;
  switch (state.kind) {
    case "saved":
      return { text: editing.post.value ? "Saved" : "" };
    case "saving":
      return { text: "Saving …" };
    case "unsaved":
      return { text: editing.isAutosaved.value ? "Not saved yet" : "Changed, not published yet" };
    case "offline":
      return {
        text: "Offline. Your text is stored on this device and will be saved when you are back online.",
      };
    case "login":
      return {
        text: "Your session has ended. Your text is stored on this device.",
        action: (
          <button type="button" onClick={() => logIn()}>
            Log in
          </button>
        ),
      };
    case "gone":
      return {
        text: "This post was deleted elsewhere. Your text is stored on this device.",
        action: (
          <button type="button" onClick={() => editing.saveAsNew()}>
            Save as a new post
          </button>
        ),
      };
    case "conflict":
      return { text: "Changed elsewhere. Choose which version to keep." };
    case "refused":
      return { text: <span class="error">{state.message}</span> };
  }
}
