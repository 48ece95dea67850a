import { useCallback, useEffect, useState } from "preact/hooks";

import { member, type Schemas } from "../api/client";
import { messageOf, unwrap } from "../api/problem";

const CHECK_AFTER = 3_000; // milliseconds

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
  const check = useCallback(() => void run(unwrap(member.GET("/me/export"))), [run]);

  useEffect(check, [check]);
  useEffect(() => {
    if (state?.status !== "preparing") return undefined;
    const timer = setTimeout(check, CHECK_AFTER);
    return () => clearTimeout(timer);
  }, [state, check]);

  return (
    <section aria-labelledby="export">
      <h2 id="export">Export</h2>
      <p>All your content as a ZIP file: posts in Markdown, comments, likes and images.</p>
      <p class="actions" role="status">
        {state?.status === "ready" && state.url && <a href={state.url}>Download ZIP</a>}
        {state?.status === "preparing" ? (
          "Preparing the export …"
        ) : (
          <button type="button" onClick={() => run(unwrap(member.POST("/me/export")))}>
            {state?.status === "ready" ? "Create a new export" : "Create an export"}
          </button>
        )}
      </p>
      {error && <p class="error">{error}</p>}
    </section>
  );
}
