import { useEffect, useRef, useState } from "preact/hooks";

import { member, type Schemas } from "../api/client";
import { messageOf, taken } from "../api/problem";
import { Html } from "../parts/text";

const RENDER_AFTER = 400; // milliseconds without a key pressed

/** The server's own rendering, so that this is what will be published. */
export function Preview({ body }: { body: string }) {
  const [preview, setPreview] = useState<Schemas["Preview"]>();
  const [error, setError] = useState<string>();

  const isFirst = useRef(true);

  useEffect(() => {
    let isCurrent = true;
    async function render() {
      try {
        const rendered = await taken(member.POST("/me/preview", { body: { body } }));
        if (!isCurrent) return;
        isFirst.current = false;
        setPreview(rendered);
        setError(undefined);
      } catch (failure) {
        if (isCurrent) setError(messageOf(failure));
      }
    }
    const timer = setTimeout(() => void render(), isFirst.current ? 0 : RENDER_AFTER);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [body]);

  return (
    <div class="preview">
      {error && <p class="error">{error}</p>}
      <Html html={preview?.body_html ?? ""} label="Preview" />
      {preview && <p class="quiet">{preview.reading_minutes} min to read</p>}
    </div>
  );
}
