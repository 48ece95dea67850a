import { useEffect, useRef, useState } from "preact/hooks";

export type Loaded<T> =
  | { readonly status: "loading" }
  | { readonly status: "failed"; readonly error: unknown; readonly retry: () => void }
  | { readonly status: "loaded"; readonly value: T; readonly set: (value: T) => void };

/** Load a value, and load it again when `key` changes; ignore what an outdated call returns. */
export function useLoaded<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key: string; loaded: Loaded<T> }>();
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    const put = (loaded: Loaded<T>) => isCurrent && setState({ key, loaded });
    const set = (value: T) => put({ status: "loaded", value, set });
    const retry = () => setAttempt((n) => n + 1);
    load().then(set, (error: unknown) => put({ status: "failed", error, retry }));
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

/** Load a list page by page, and from its beginning when `key` changes. */
export function usePages<T>(key: string, load: (cursor?: string) => Promise<Page<T>>): Pages<T> {
  const [items, change] = useState<readonly T[]>([]);
  const [cursor, setCursor] = useState<string | null>();
  const [error, setError] = useState<unknown>();
  const [isLoading, setLoading] = useState(true);
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
    currentKey.current = key;
    change([]);
    setCursor(undefined);
    void next(undefined);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` stands for what `load` loads
  }, [key]);

  const hasMore = cursor !== null && (cursor !== undefined || error !== undefined);
  const loadMore = hasMore ? () => void next(cursor ?? undefined) : undefined;
  return { items, loadMore, isLoading, error, change };
}
