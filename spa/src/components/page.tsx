import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { session, logIn } from "../session/session";
import { Spinner } from "./loading";

let isFirst = true;

/** The heading of a page. It is also the title of the window, and gets the focus on a new page. */
export function Heading({ title, children }: { title: string; children?: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Serverless blog`;
  }, [title]);
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

/** Keep a link in the head of the document while the page shows; null keeps none. */
export function useHeadLink(rel: string, href: string | null, type = ""): void {
  useEffect(() => {
    if (href === null) return;
    const link = document.createElement("link");
    Object.assign(link, { rel, href, type });
    document.head.append(link);
    return () => link.remove();
  }, [rel, href, type]);
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
