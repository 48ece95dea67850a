import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

interface Notice {
  readonly kind: "success" | "failure";
  readonly text: string;
}

const current = signal<Notice | undefined>(undefined);

/** Tell something that belongs to no field; it stays until it is closed, one goes elsewhere, or the next comes. */
export function notify(kind: Notice["kind"], text: string): void {
  current.value = { kind, text };
}

function forget(): void {
  current.value = undefined;
}

function forgetOnLink(event: MouseEvent): void {
  if ((event.target as Element).closest("a")) forget();
}

/** Over the page, so that nothing jumps when it comes. */
export function Notices() {
  const notice = current.value;
  useEffect(() => {
    addEventListener("click", forgetOnLink);
    return () => removeEventListener("click", forgetOnLink);
  }, []);
  return (
    <div class="notices" role="status">
      {notice && (
        <div class={`notice ${notice.kind}`}>
          <p>{notice.text}</p>
          <button type="button" aria-label="Close this message" onClick={forget}>
            ×
          </button>
        </div>
      )}
    </div>
  );
}
