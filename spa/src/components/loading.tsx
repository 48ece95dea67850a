import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { messageOf } from "../api/problem";
import type { Pages } from "../hooks/loading";

/** The end of a list: a button for the next page, an error, or a note that the list is empty. */
export function PageEnd({
  pages,
  empty,
}: {
  pages: Omit<Pages<unknown>, "change">;
  empty: ComponentChildren;
}) {
  const end = useRef<HTMLDivElement>(null);
  const lengthBefore = useRef(0); // items when the button was pressed; 0: it was not
  const { length } = pages.items;
  useEffect(() => {
    if (lengthBefore.current === 0 || length <= lengthBefore.current) return;
    const first = end.current?.previousElementSibling?.children[lengthBefore.current];
    first?.querySelector<HTMLElement>("a, button")?.focus(); // the button may be gone
    lengthBefore.current = 0;
  }, [length]);

  function loadMore() {
    lengthBefore.current = length;
    pages.loadMore?.();
  }

  return (
    <div ref={end}>
      {pages.error !== undefined ? (
        <ErrorMessage error={pages.error} retry={pages.loadMore} />
      ) : pages.isLoading ? (
        <Spinner />
      ) : pages.loadMore ? (
        <p class="centred">
          <button type="button" onClick={loadMore}>
            Show more
          </button>
        </p>
      ) : (
        length === 0 && <p class="quiet">{empty}</p>
      )}
    </div>
  );
}

export function ErrorMessage({
  error,
  retry,
}: {
  error: unknown;
  retry?: (() => void) | undefined;
}) {
  return (
    <div class="failure" role="alert">
      <p>{messageOf(error)}</p>
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** A note as high as the window, so that the content below does not move. */
export function Spinner() {
  return <p class="loading quiet">Loading …</p>;
}
