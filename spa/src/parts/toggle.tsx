import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

import { isStatus, messageOf } from "../api/problem";
import { logIn, session } from "../session/session";
import { notify } from "./notices";

/**
 * A button that is pressed or not: a like, a follow. It moves at once, and back if the API refuses.
 * `ask` says how it stands, by 204 or 404; `put` and `take` are safe to repeat.
 */
export function Toggle(props: {
  ask: () => Promise<unknown>;
  put: () => Promise<unknown>;
  take: () => Promise<unknown>;
  children: (isOn: boolean, change: number) => ComponentChildren;
}) {
  const isMember = session.value.status === "member";
  const [isOn, setOn] = useState(false);
  const [change, setChange] = useState(0);

  useEffect(() => {
    if (!isMember) return;
    props.ask().then(
      () => setOn(true),
      (error: unknown) => {
        if (!isStatus(error, 404)) notify("failure", messageOf(error));
      },
    );
  }, [isMember]);

  async function toggle() {
    if (!isMember) return logIn();
    const step = isOn ? -1 : 1;
    setOn(!isOn);
    setChange((n) => n + step);
    try {
      await (isOn ? props.take() : props.put());
    } catch (error) {
      setOn(isOn);
      setChange((n) => n - step);
      notify("failure", messageOf(error));
    }
  }

  return (
    <button type="button" class="toggle" aria-pressed={isOn} onClick={toggle}>
      {props.children(isOn, change)}
    </button>
  );
}
