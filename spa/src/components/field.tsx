import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface Attributes {
  id: string;
  "aria-invalid"?: true;
  "aria-describedby"?: string;
}

/** A field with its label, its hint and its error message. */
export function Field(props: {
  label: string;
  hint?: ComponentChildren;
  error?: string | undefined;
  children: (attributes: Attributes) => ComponentChildren;
}) {
  const id = useId();
  const described = [props.hint && `${id}-hint`, props.error && `${id}-error`].filter(Boolean);
  return (
    <div class={props.error ? "field invalid" : "field"}>
      <label for={id}>{props.label}</label>
      {props.children({
        id,
        ...(props.error ? { "aria-invalid": true } : {}),
        ...(described.length ? { "aria-describedby": described.join(" ") } : {}),
      })}
      {props.hint && (
        <p class="hint" id={`${id}-hint`}>
          {props.hint}
        </p>
      )}
      {props.error && (
        <p class="error" id={`${id}-error`} role="alert">
          {props.error}
        </p>
      )}
    </div>
  );
}

interface TextProps {
  label: string;
  value: string;
  onValue: (value: string) => void;
  hint?: ComponentChildren;
  error?: string | undefined;
  required?: boolean;
  readOnly?: boolean;
}

export function TextField(props: TextProps & { type?: string; autoComplete?: string }) {
  return (
    <Field label={props.label} hint={props.hint} error={props.error}>
      {(attributes) => (
        <input
          dir="auto"
          {...attributes}
          type={props.type ?? "text"}
          autoComplete={props.autoComplete ?? "off"}
          value={props.value}
          required={props.required}
          onInput={(event) => props.onValue(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

export function TextArea(props: TextProps & { rows?: number; class?: string }) {
  return (
    <Field label={props.label} hint={props.hint} error={props.error}>
      {(attributes) => (
        <textarea
          dir="auto"
          {...attributes}
          class={props.class}
          rows={props.rows ?? 4}
          value={props.value}
          required={props.required}
          readOnly={props.readOnly}
          onInput={(event) => props.onValue(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}
