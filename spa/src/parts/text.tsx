const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });
const MINUTE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A moment as the API tells it (RFC 3339, UTC), in the reader's own time. */
export function Moment({ at, exact = false }: { at: string; exact?: boolean }) {
  return <time dateTime={at}>{(exact ? MINUTE : DAY).format(new Date(at))}</time>;
}

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/**
 * HTML of the API, which renders and sanitises Markdown when it is written. This is the one place
 * that takes HTML for what it is; everything else is text to Preact.
 */
export function Html({ html, label }: { html: string; label?: string }) {
  return (
    <div
      class="text"
      {...(label ? { role: "region", "aria-label": label } : {})}
      dangerouslySetInnerHTML={{ __html: html }}
    />
  );
}
