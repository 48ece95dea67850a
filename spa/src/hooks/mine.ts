import { useEffect, useRef, useState } from "preact/hooks";

import { member, type Schemas } from "../api/client";
import { unwrap } from "../api/problem";
import { session } from "../session/session";

const MOST = 100; // ids in a request

type List = "/me/likes" | "/me/follows";

/**
 * Return which of these ids are in the member's list of likes or follows. It asks for all new ids in
 * one request. If that fails, the page shows nothing about them.
 */
export function useMine(list: List, ids: readonly string[]): ReadonlySet<string> {
  const { status } = session.value;
  const [mine, setMine] = useState<ReadonlySet<string>>(new Set());
  const asked = useRef(new Set<string>());
  const open = [...new Set(ids)].filter((id) => !asked.current.has(id)).slice(0, MOST);

  useEffect(() => {
    if (status !== "member" || open.length === 0) return;
    for (const id of open) asked.current.add(id);
    idsIn(list, open).then(
      (found) => setMine((before) => new Set([...before, ...found])),
      () => undefined,
    );
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `open` is a new array in each render
  }, [status, list, open.join()]);
  return mine;
}

async function idsIn(list: List, ids: readonly string[]): Promise<readonly string[]> {
  const options = { params: { query: { ids: ids.join() } } };
  const found = await unwrap(member.GET(list, options));
  return "ids" in found ? found.ids : [];
}

/** Narrow a response to a page. The API returns only ids where the query has some. */
export function pageOf<T extends object>(response: T | Schemas["Ids"]): T {
  if ("ids" in response) throw new TypeError("The query had ids.");
  return response;
}
