import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { messageOf } from "../api/problem";

export type Loaded<T> =
  | { readonly status: "loading" }
  | { readonly status: "failed"; readonly error: unknown; readonly again: () => void }
  | { readonly status: "loaded"; readonly value: T; readonly set: (value: T) => void };

/** What `load` brings, loaded anew when `key` changes; what an older one brings is dropped. */
export function useLoaded<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key: string; loaded: Loaded<T> }>();
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    const put = (loaded: Loaded<T>) => isCurrent && setState({ key, loaded });
    const set = (value: T) => put({ status: "loaded", value, set });
    const again = () => setAttempt((n) => n + 1);
    load().then(set, (error: unknown) => put({ status: "failed", error, again }));
    return () => {
      isCurrent = false;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` stands for what `load` loads
  }, [key, attempt]);
  return state?.key === key ? state.loaded : { status: "loading" };
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}

interface Pages<T> {
  readonly items: readonly T[];
  readonly more?: (() => void) | undefined;
  readonly isLoading: boolean;
  readonly error?: unknown;
  readonly change: (how: (items: readonly T[]) => readonly T[]) => void;
}

/** A list, page by page: `more` is there while the API says that there is more. */
export function usePages<T>(key: string, load: (cursor?: string) => Promise<Page<T>>): Pages<T> {
  const [items, change] = useState<readonly T[]>([]);
  const [cursor, setCursor] = useState<string | null>();
  const [error, setError] = useState<unknown>();
  const [isLoading, setLoading] = useState(true);
  const current = useRef(key);

  async function next(from: string | undefined) {
    setLoading(true);
    setError(undefined);
    try {
      const page = await load(from);
      if (current.current !== key) return;
      change((before) => [...before, ...page.items]);
      setCursor(page.next_cursor);
    } catch (failure) {
      if (current.current === key) setError(failure);
    } finally {
      if (current.current === key) setLoading(false);
    }
  }

  useEffect(() => {
    current.current = key;
    change([]);
    setCursor(undefined);
    void next(undefined);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` stands for what `load` loads
  }, [key]);

  const hasMore = cursor !== null && (cursor !== undefined || error !== undefined);
  const more = hasMore ? () => void next(cursor ?? undefined) : undefined;
  return { items, more, isLoading, error, change };
}

/** The end of a list: the next page, what went wrong, or that there is nothing. */
export function PageEnd({
  pages,
  empty,
}: {
  pages: Omit<Pages<unknown>, "change">;
  empty: ComponentChildren;
}) {
  const end = useRef<HTMLDivElement>(null);
  const shown = useRef(0); // when more was asked for
  const { length } = pages.items;
  useEffect(() => {
    if (shown.current === 0 || length <= shown.current) return;
    const first = end.current?.previousElementSibling?.children[shown.current];
    first?.querySelector<HTMLElement>("a, button")?.focus(); // the button may be gone
    shown.current = 0;
  }, [length]);

  function more() {
    shown.current = length;
    pages.more?.();
  }

  return (
    <div ref={end}>
      {pages.error !== undefined ? (
        <Failure error={pages.error} again={pages.more} />
      ) : pages.isLoading ? (
        <Waiting />
      ) : length === 0 ? (
        <p class="quiet">{empty}</p>
      ) : (
        pages.more && (
          <p class="centred">
            <button type="button" onClick={more}>
              More
            </button>
          </p>
        )
      )}
    </div>
  );
}

export function Failure({ error, again }: { error: unknown; again?: (() => void) | undefined }) {
  return (
    <div class="failure" role="alert">
      <p>{messageOf(error)}</p>
      {again && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

/** As high as a window, so that what follows does not jump. */
export function Waiting() {
  return <p class="waiting quiet">Loading …</p>;
}
