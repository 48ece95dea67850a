import { signal } from "@preact/signals";

interface Notice {
  readonly kind: "success" | "failure";
  readonly text: string;
}

const current = signal<Notice | undefined>(undefined);

/** Tell something that belongs to no field; it stays until it is closed, or the next one comes. */
export function notify(kind: Notice["kind"], text: string): void {
  current.value = { kind, text };
}

export function forgetNotice(): void {
  current.value = undefined;
}

/** Over the page, so that nothing jumps when it comes. */
export function Notices() {
  const notice = current.value;
  return (
    <div class="notices" role="status">
      {notice && (
        <div class={`notice ${notice.kind}`}>
          <p>{notice.text}</p>
          <button type="button" aria-label="Close this message" onClick={forgetNotice}>
            ×
          </button>
        </div>
      )}
    </div>
  );
}
