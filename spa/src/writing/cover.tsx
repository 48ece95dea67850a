import { useState } from "preact/hooks";

import { imageUrl } from "../api/images";
import { messageOf } from "../api/problem";
import { Field } from "../components/field";
import { ACCEPTED, UploadError, upload } from "./upload";

export function Cover(props: {
  address: string;
  onAddress: (address: string) => void;
  error?: string | undefined;
}) {
  const [progress, setProgress] = useState<number>();
  const [error, setError] = useState<string>();

  async function choose(input: HTMLInputElement) {
    const file = input.files?.[0];
    if (!file || progress !== undefined) return;
    setError(undefined);
    setProgress(0);
    try {
      props.onAddress(await upload(file, setProgress));
    } catch (failure) {
      setError(failure instanceof UploadError ? failure.message : messageOf(failure));
    } finally {
      setProgress(undefined);
      input.value = "";
    }
  }

  return (
    <div class="cover-field">
      <Field label="Cover" hint="An image of up to 8 MB" error={error ?? props.error}>
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
          <img src={imageUrl(props.address)} alt="Cover" width="160" height="120" />
          <button type="button" onClick={() => props.onAddress("")}>
            Remove cover
          </button>
        </p>
      )}
    </div>
  );
}
