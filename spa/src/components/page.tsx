import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { siteName } from "../page-data";
import { session, logIn } from "../session/session";
import { Spinner } from "./loading";

let isFirst = true;

/** The query of the address. A list begins with the page that its cursor names, if there is one. */
export interface Query {
  query: { cursor?: string };
}

/**
 * The heading of a page. It is also the title of the window, unless `windowTitle` is, and gets the
 * focus on a new page. Later pages of a list have another title.
 */
export function Heading({
  title,
  windowTitle = title,
  query,
  children,
}: {
  title: string;
  windowTitle?: string;
  children?: ComponentChildren;
} & Partial<Query>) {
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = query?.cursor ? `${title}, continued` : windowTitle;
  useEffect(() => {
    document.title = [shown, siteName()].filter(Boolean).join(" · ");
  }, [shown]);
  useEffect(() => {
    // Not when the title changes: the author may be typing it.
    if (!isFirst) heading.current?.focus({ preventScroll: true });
    isFirst = false;
  }, []);
  return (
    <h1 ref={heading} tabIndex={-1} dir="auto">
      {children ?? title}
    </h1>
  );
}

/** Keep a link in the head of the document while the page shows; null keeps none, or the server's. */
export function useHeadLink(rel: string, href: string | null, type = ""): void {
  useEffect(() => {
    if (href === null) return;
    const link = document.createElement("link");
    Object.assign(link, { rel, href, type });
    const all = [...document.head.querySelectorAll<HTMLLinkElement>(`link[rel=${rel}]`)];
    if (all.some((one) => one.href === link.href)) return;
    document.head.append(link);
    return () => link.remove();
  }, [rel, href, type]);
}

/** What the head of the server's page says about that page, and not about the site. */
const OF_PAGE = [
  "link:is([rel=canonical], [rel=first], [rel=prev], [rel=next])",
  'link[rel=alternate]:not([href^="/feed."])',
  "meta:is([name=description], [name=robots], [property], [name^=twitter])",
  'script[type="application/ld+json"]',
].join();

/** Keep what the head says about the server's page until another page shows. */
export function useServedHead(url: string): void {
  const [first] = useState(url);
  const [served] = useState(() => document.head.querySelectorAll(OF_PAGE));
  useLayoutEffect(() => {
    if (url !== first) for (const element of served) element.remove();
  }, [url, first, served]);
}

/** Name the Atom feed of the page's list, so that feed readers find it. */
export function useFeed(path: string): void {
  useHeadLink("alternate", `${path}/feed.atom`, "application/atom+xml");
}

/** Content for logged-in users; others see a login button. */
export function MembersOnly({ title, children }: { title: string; children: ComponentChildren }) {
  if (session.value.status === "member") return <>{children}</>;
  return (
    <>
      <Heading title={title} />
      {session.value.status === "unknown" ? (
        <Spinner />
      ) : (
        <p>
          You need to log in to see this page.{" "}
          <button type="button" onClick={() => logIn()}>
            Log in
          </button>
        </p>
      )}
    </>
  );
}
