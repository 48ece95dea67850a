import { useLayoutEffect, useRef } from "preact/hooks";

import { addressImages, colorImages } from "./images";

// As in the server's pages, which are the same for everyone.
const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });
const MINUTE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** A time of the API (RFC 3339, UTC): its day, or to the minute in the time zone of the browser. */
export function DateTime({ at, exact = false }: { at: string; exact?: boolean }) {
  return <time dateTime={at}>{exact ? moment(at) : DAY.format(new Date(at))}</time>;
}

/** Return the same as text, to the minute. */
export function moment(at: string): string {
  return MINUTE.format(new Date(at));
}

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** A page has one `h1`, which is its title. The server's pages change those in texts alike. */
const H1 = /<(\/?)h1(?=[ >])/g;

/** Makes Preact leave the content of an element alone, also when it takes over the server's. */
const LEFT_ALONE = { __html: "" };

/**
 * HTML from the API, which renders and sanitises Markdown when a post or comment is written. Only
 * this component inserts HTML; everything else is plain text to Preact. The server's page has it
 * already, and its images are loading: that one stays.
 */
export function Html({
  html,
  label,
  hasAnchors = false,
}: {
  html: string;
  label?: string;
  hasAnchors?: boolean;
}) {
  const text = useRef<HTMLDivElement>(null);
  const isFirst = useRef(true);
  useLayoutEffect(() => {
    if (!text.current) return;
    const isServed = isFirst.current && text.current.hasChildNodes();
    isFirst.current = false;
    if (!isServed) {
      const template = document.createElement("template"); // loads no images
      template.innerHTML = html.replace(H1, "<$1h2");
      addressImages(template.content);
      text.current.replaceChildren(template.content);
    }
    colorImages(text.current);
    nameTasks(text.current);
    if (hasAnchors) addAnchors(text.current);
  }, [html, hasAnchors]);
  return (
    <div
      ref={text}
      class="text"
      dir="auto"
      dangerouslySetInnerHTML={LEFT_ALONE}
      {...(label ? { role: "region", "aria-label": label } : {})}
    />
  );
}

// The API puts this before the ids of headings and footnotes.
const PREFIX = "user-content-";

/**
 * Add a link to each heading, and scroll to the heading that the address of the page names, unless the
 * browser has done so.
 */
function addAnchors(text: HTMLElement): void {
  for (const heading of text.querySelectorAll(":is(h1, h2, h3, h4, h5, h6)[id]")) {
    const anchor = document.createElement("a");
    anchor.className = "anchor";
    anchor.href = `#${heading.id}`;
    anchor.textContent = "#";
    anchor.setAttribute("aria-label", `Link to “${heading.textContent}”`);
    heading.append(" ", anchor);
  }
  const name = decoded(location.hash.slice(1));
  if (!name) return;
  const target = document.getElementById(name) ?? document.getElementById(PREFIX + name);
  if (target && text.contains(target) && !target.matches(":target")) target.scrollIntoView();
}

/** Say to screen readers what the box of a task means. */
function nameTasks(text: HTMLElement): void {
  for (const box of text.querySelectorAll<HTMLInputElement>("input[type=checkbox]")) {
    box.setAttribute("aria-label", box.checked ? "Done" : "To do");
  }
}

function decoded(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}
