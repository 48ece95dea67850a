/**
 * What the server's page says to the app. The server renders each public page as HTML, and adds the
 * API's answers that it was made of. The app takes the page over: its first render uses these
 * answers, so it needs no request and shows the same. Where the answers are missing or damaged, the
 * app asks the API, as it does for all later pages.
 */
export interface PageData {
  /** The address of the page: its path, with its cursor if it has one. */
  readonly path: string;
  /** Answers by the path that the app would request, with its query. A page that says "not found" has none. */
  readonly answers: Readonly<Record<string, unknown>>;
}

/** The id of the script element with the data, in JSON. */
const ELEMENT = "page-data";
/** The name of the site in the head of every page, and of the build's own index.html. */
const NAME = 'meta[name="application-name"]';

/** Return the data in a text, or undefined if it has another form. */
export function parsePageData(text: string | null | undefined): PageData | undefined {
  try {
    const data: unknown = JSON.parse(text ?? "");
    return isObject(data) && typeof data.path === "string" && isAnswers(data.answers)
      ? { path: data.path, answers: data.answers }
      : undefined;
  } catch {
    return undefined;
  }
}

/** A list without items, or an answer that is no object, would end the first render. */
function isAnswers(found: unknown): found is PageData["answers"] {
  return isObject(found) && Object.values(found).every(isAnswer);
}

function isAnswer(found: unknown): boolean {
  return isObject(found) && (!("next_cursor" in found) || Array.isArray(found.items));
}

function isObject(found: unknown): found is Record<string, unknown> {
  return typeof found === "object" && found !== null && !Array.isArray(found);
}

/** Return whether a page's path is that of a location. Encodings and other parameters may differ. */
export function isAt(path: string, location: Pick<Location, "pathname" | "search">): boolean {
  const [pathname = "", search] = path.split("?");
  return (
    decoded(pathname) === decoded(location.pathname) &&
    cursorIn(search) === cursorIn(location.search)
  );
}

function decoded(pathname: string): string {
  try {
    return decodeURIComponent(pathname).replace(/\/+$/, "");
  } catch {
    return pathname;
  }
}

function cursorIn(search: string | undefined): string {
  return new URLSearchParams(search).get("cursor") ?? "";
}

/** Return a path of the API, from a list's cursor on. */
export function withCursor(path: string, cursor: string | undefined): string {
  if (!cursor) return path;
  return `${path}${path.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(cursor)}`;
}

/** Answers that are used once, and only until the first render is done. Later views ask the API. */
export class Answers {
  readonly #answers = new Map<string, unknown>();

  offer(data: PageData): void {
    for (const [path, answer] of Object.entries(data.answers)) this.#answers.set(path, answer);
  }

  take<T>(path: string): T | undefined {
    const answer = this.#answers.get(path) as T | undefined;
    this.#answers.delete(path);
    return answer;
  }

  withdraw(): void {
    this.#answers.clear();
  }
}

export const answers = new Answers();

/** Return the data of the page that the server made for this address, if there is any. */
export function readPageData(): PageData | undefined {
  const data = parsePageData(document.getElementById(ELEMENT)?.textContent);
  return data && isAt(data.path, location) ? data : undefined;
}

export function siteName(): string {
  return document.querySelector<HTMLMetaElement>(NAME)?.content ?? "";
}
