import { useEffect, useRef, useState } from "preact/hooks";

import { member, type Schemas } from "../api/client";
import { messageOf, unwrap } from "../api/problem";
import { Html } from "../components/text";

const RENDER_AFTER = 400; // milliseconds without a key pressed

/** A preview that the API renders, so that it shows exactly what will be published. */
export function Preview({ body }: { body: string }) {
  const [preview, setPreview] = useState<Schemas["Preview"]>();
  const [error, setError] = useState<string>();

  const isFirst = useRef(true);

  useEffect(() => {
    let isCurrent = true;
    async function render() {
      try {
        const rendered = await unwrap(member.POST("/me/preview", { body: { body } }));
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
      {preview && <p class="quiet">{preview.reading_minutes} min read</p>}
    </div>
  );
}
