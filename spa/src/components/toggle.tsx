import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { isStatus, messageOf } from "../api/problem";
import { logIn, session } from "../session/session";
import { notify } from "./notices";

/**
 * A button that is on or off, such as a like or a follow. It changes at once, and back if the API
 * refuses. `load` reads the state (204: on, 404: off); `turnOn` and `turnOff` are idempotent.
 */
export function Toggle(props: {
  load: () => Promise<unknown>;
  turnOn: () => Promise<unknown>;
  turnOff: () => Promise<unknown>;
  children: (isOn: boolean, change: number) => ComponentChildren;
}) {
  const { status } = session.value;
  const [isOn, setOn] = useState(false);
  const [change, setChange] = useState(0);
  const current = useRef(false);
  const calls = useRef<Promise<unknown>>(Promise.resolve()); // one at a time, in order

  function put(value: boolean) {
    current.current = value;
    setOn(value);
  }

  useEffect(() => {
    if (status !== "member") return;
    calls.current = props.load().then(
      () => put(true),
      (error: unknown) => {
        if (!isStatus(error, 404)) notify("failure", messageOf(error));
      },
    );
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `load` is a new function in each render
  }, [status]);

  async function flip() {
    const before = current.current;
    const step = before ? -1 : 1;
    put(!before);
    setChange((n) => n + step);
    try {
      await (before ? props.turnOff() : props.turnOn());
    } catch (error) {
      put(before);
      setChange((n) => n - step);
      notify("failure", messageOf(error));
    }
  }

  function toggle() {
    if (status === "visitor") void logIn();
    else calls.current = calls.current.then(flip);
  }

  return (
    <button type="button" class="toggle" aria-pressed={isOn} onClick={toggle}>
      {props.children(isOn, change)}
    </button>
  );
}
