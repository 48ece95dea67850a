import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

interface Notice {
  readonly kind: "success" | "failure";
  readonly text: string;
}

const current = signal<Notice | undefined>(undefined);

/** Show a message until the user closes it or follows a link, or until the next message. */
export function notify(kind: Notice["kind"], text: string): void {
  current.value = { kind, text };
}

function close(): void {
  current.value = undefined;
}

function closeOnLink(event: MouseEvent): void {
  if ((event.target as Element).closest("a")) close();
}

/** Show the message above the page, so that the content does not move. */
export function Notices() {
  const notice = current.value;
  useEffect(() => {
    addEventListener("click", closeOnLink);
    return () => removeEventListener("click", closeOnLink);
  }, []);
  return (
    <div class="notices" role="status">
      {notice && (
        <div class={`notice ${notice.kind}`}>
          <p>{notice.text}</p>
          <button type="button" aria-label="Close this message" onClick={close}>
            ×
          </button>
        </div>
      )}
    </div>
  );
}
