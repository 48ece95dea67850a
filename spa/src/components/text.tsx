const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });
const MINUTE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A time of the API (RFC 3339, UTC), shown in the time zone of the browser. */
export function DateTime({ at, exact = false }: { at: string; exact?: boolean }) {
  return <time dateTime={at}>{(exact ? MINUTE : DAY).format(new Date(at))}</time>;
}

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/**
 * HTML from the API, which renders and sanitises Markdown when a post or comment is written. Only
 * this component inserts HTML; everything else is plain text to Preact.
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
