import type { components } from "./schema";

type ProblemDetails = components["schemas"]["ProblemDetails"];

/** An error response of the API (RFC 9457). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly details: Partial<ProblemDetails>,
  ) {
    // The API explains a wrong token, for example: "request the token with the audience of this API".
    super(details.error_description ?? details.detail ?? `The API returned status ${status}.`);
  }

  /** The error message of each field, by name; `tags.3` counts as `tags`. */
  get fields(): Record<string, string> {
    const errors = this.details.errors ?? [];
    return Object.fromEntries(errors.map((e) => [e.field.split(".")[0] ?? "", e.message]));
  }
}

/** No response: the network or the API is down. */
export class Unreachable extends Error {
  constructor() {
    super("The server cannot be reached.");
  }
}

/** The session has expired; the user must log in again. */
export class LoginNeeded extends Error {
  constructor() {
    super("Your session has ended. Log in again.");
  }
}

interface ApiResult<T> {
  data?: T;
  error?: Partial<ProblemDetails>;
  response: Response;
}

/** Return the data of a response; throw Problem, Unreachable or LoginNeeded if there is none. */
export async function unwrap<T>(call: Promise<ApiResult<T>>): Promise<T> {
  const { data, error, response } = await call.catch((failure: unknown) => {
    throw failure instanceof LoginNeeded ? failure : new Unreachable(); // perhaps cut off halfway
  });
  if (!response.ok) throw new Problem(response.status, error ?? {});
  return data as T;
}

export function isStatus(error: unknown, status: number): error is Problem {
  return error instanceof Problem && error.status === status;
}

/** Return a message for the user; for an unknown error, say that the app failed. */
export function messageOf(error: unknown): string {
  const isKnown =
    error instanceof Problem || error instanceof Unreachable || error instanceof LoginNeeded;
  return isKnown ? error.message : "Something went wrong. Reload the page.";
}
