import { logIn } from "../session/session";
import type { Draft } from "./draft";

/** Where the text is: with the API, or on this device alone, and why. */
export function SaveState({ draft }: { draft: Draft }) {
  return (
    <div class="save-state" role="status">
      {words(draft)}
    </div>
  );
}

function words(draft: Draft) {
  const state = draft.state.value;
  switch (state.kind) {
    case "saved":
      return draft.post.value ? "Saved" : "";
    case "saving":
      return "Saving …";
    case "unsaved":
      return draft.savesItself.value ? "Not saved yet" : "Changed, and not published yet";
    case "offline":
      return "Offline: your text is kept on this device, and saved when the server is back.";
    case "login":
      return (
        <>
          Your session has ended. Your text is kept on this device.{" "}
          <button type="button" onClick={() => logIn()}>
            Log in
          </button>
        </>
      );
    case "gone":
      return (
        <>
          This post was deleted elsewhere. Your text is kept on this device.{" "}
          <button type="button" onClick={() => draft.saveAsNew()}>
            Save it as a new post
          </button>
        </>
      );
    case "conflict":
      return "Changed elsewhere: choose below what is to become of both texts.";
    case "refused":
      return <span class="error">{state.message}</span>;
  }
}
