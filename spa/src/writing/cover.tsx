import { useState } from "preact/hooks";

import { imageUrl } from "../api/images";
import { Field } from "../components/field";
import { ImageChoice } from "./image-choice";
import { ACCEPTED } from "./image-file";
import { upload, uploadMessage } from "./upload";

export function Cover(props: {
  address: string;
  onAddress: (address: string) => void;
  error?: string | undefined;
}) {
  const [progress, setProgress] = useState<number>();
  const [error, setError] = useState<string>();
  const [broken, setBroken] = useState<string>();

  function put(address: string) {
    setError(undefined);
    props.onAddress(address);
  }

  async function choose(input: HTMLInputElement) {
    const file = input.files?.[0];
    if (!file || progress !== undefined) return;
    setError(undefined);
    setProgress(0);
    try {
      put(await upload(file, setProgress));
    } catch (failure) {
      setError(uploadMessage(failure));
    } finally {
      setProgress(undefined);
      input.value = "";
    }
  }

  const hint = "PNG, JPEG, WebP, GIF or AVIF, up to 8 MB";
  return (
    <div class="cover-field">
      <Field label="Cover" hint={hint} error={error ?? props.error}>
        {(attributes) => (
          <input
            {...attributes}
            type="file"
            accept={ACCEPTED}
            onChange={(event) => choose(event.currentTarget)}
          />
        )}
      </Field>
      {progress !== undefined && (
        <p>
          <progress value={progress} aria-label="Upload" />{" "}
          {progress < 1 ? `${Math.round(progress * 100)} %` : "Checking the image …"}
        </p>
      )}
      {props.address && (
        <p class="actions">
          {broken === props.address ? (
            <span class="quiet">The cover cannot be loaded. It may be deleted.</span>
          ) : (
            <img
              src={imageUrl(props.address, 480)}
              alt="Cover"
              width="160"
              height="120"
              onError={() => setBroken(props.address)}
            />
          )}
          <button type="button" onClick={() => put("")}>
            Remove cover
          </button>
        </p>
      )}
      <ImageChoice current={props.address} onChoose={put} />
    </div>
  );
}
