import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { session, logIn } from "../session/session";
import { Waiting } from "./loading";

let isFirst = true;

/** A page's heading, which is also the window's title, and where the keyboard goes on a new page. */
export function Heading({ title, children }: { title: string; children?: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Serverless blog`;
  }, [title]);
  useEffect(() => {
    // Not when a title changes, which may be while somebody types it.
    if (!isFirst) heading.current?.focus({ preventScroll: true });
    isFirst = false;
  }, []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children ?? title}
    </h1>
  );
}

/** What only who is logged in can use. */
export function ForMembers({ title, children }: { title: string; children: ComponentChildren }) {
  if (session.value.status === "member") return <>{children}</>;
  return (
    <>
      <Heading title={title} />
      {session.value.status === "unknown" ? (
        <Waiting />
      ) : (
        <p>
          This is for members.{" "}
          <button type="button" onClick={() => logIn()}>
            Log in
          </button>
        </p>
      )}
    </>
  );
}
