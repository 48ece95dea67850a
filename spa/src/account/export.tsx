import { useCallback, useEffect, useState } from "preact/hooks";

import { member, type Schemas } from "../api/client";
import { messageOf, taken } from "../api/problem";

const ASK_AFTER = 3_000; // milliseconds

export function ExportSection() {
  const [state, setState] = useState<Schemas["Export"]>();
  const [error, setError] = useState<string>();

  const run = useCallback(async (call: Promise<Schemas["Export"]>) => {
    setError(undefined);
    try {
      setState(await call);
    } catch (failure) {
      setError(messageOf(failure));
    }
  }, []);
  const ask = useCallback(() => void run(taken(member.GET("/me/export"))), [run]);

  useEffect(ask, [ask]);
  useEffect(() => {
    if (state?.status !== "preparing") return undefined;
    const timer = setTimeout(ask, ASK_AFTER);
    return () => clearTimeout(timer);
  }, [state, ask]);

  return (
    <section aria-labelledby="export">
      <h2 id="export">Export</h2>
      <p>Everything that is yours, as a zip: posts in Markdown, comments, likes, pictures.</p>
      <p class="actions" role="status">
        {state?.status === "ready" && state.url && <a href={state.url}>Download the zip</a>}
        {state?.status === "preparing" ? (
          "It is being made …"
        ) : (
          <button type="button" onClick={() => run(taken(member.POST("/me/export")))}>
            {state?.status === "ready" ? "Make a new one" : "Make an export"}
          </button>
        )}
      </p>
      {error && <p class="error">{error}</p>}
    </section>
  );
}
