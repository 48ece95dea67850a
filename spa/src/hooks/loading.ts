import { useEffect, useRef, useState } from "preact/hooks";

import { answers, withCursor } from "../page-data";

export type Loaded<T> =
  | { readonly status: "loading" }
  | { readonly status: "failed"; readonly error: unknown; readonly retry: () => void }
  | { readonly status: "loaded"; readonly value: T };

/**
 * Load a value, and load it again when `key` changes; ignore what an outdated call returns. `key` is
 * the path of the API for public content, so that the answer in the server's page is found.
 */
export function useLoaded<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key: string; loaded: Loaded<T> } | undefined>(() => {
    const value = answers.take<T>(key);
    return value && { key, loaded: { status: "loaded", value } };
  });
  const [attempt, setAttempt] = useState(0);
  const isServed = useRef(state !== undefined);
  useEffect(() => {
    if (isServed.current) {
      isServed.current = false;
      return;
    }
    let isCurrent = true;
    const put = (loaded: Loaded<T>) => isCurrent && setState({ key, loaded });
    const retry = () => setAttempt((n) => n + 1);
    load().then(
      (value) => put({ status: "loaded", value }),
      (error: unknown) => put({ status: "failed", error, retry }),
    );
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

export interface Pages<T> {
  readonly items: readonly T[];
  readonly loadMore?: (() => void) | undefined; // undefined: this was the last page
  readonly isLoading: boolean;
  readonly error?: unknown;
  readonly change: (update: (items: readonly T[]) => readonly T[]) => void;
}

/**
 * Load a list page by page, and from its beginning when `list` changes; `start` is the cursor of a
 * later page to begin with. `list` is the path of the API for public content: see `useLoaded`.
 */
export function usePages<T>(
  list: string,
  load: (cursor?: string) => Promise<Page<T>>,
  start?: string,
): Pages<T> {
  const key = withCursor(list, start);
  const [served] = useState(() => answers.take<Page<T>>(key));
  const [items, change] = useState<readonly T[]>(served?.items ?? []);
  const [cursor, setCursor] = useState(served?.next_cursor);
  const [error, setError] = useState<unknown>();
  const [isLoading, setLoading] = useState(!served);
  const isServed = useRef(served !== undefined);
  const currentKey = useRef(key);

  async function next(from: string | undefined) {
    setLoading(true);
    setError(undefined);
    try {
      const page = await load(from);
      if (currentKey.current !== key) return;
      change((before) => [...before, ...page.items]);
      setCursor(page.next_cursor);
    } catch (failure) {
      if (currentKey.current === key) setError(failure);
    } finally {
      if (currentKey.current === key) setLoading(false);
    }
  }

  useEffect(() => {
    if (isServed.current) {
      isServed.current = false;
      return;
    }
    currentKey.current = key;
    change([]);
    setCursor(undefined);
    void next(start);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` stands for what `load` loads
  }, [key]);

  const hasMore = cursor !== null && (cursor !== undefined || error !== undefined);
  const loadMore = hasMore ? () => void next(cursor ?? start) : undefined;
  return { items, loadMore, isLoading, error, change };
}
