import type { components } from "./schema";

type ProblemDetails = components["schemas"]["ProblemDetails"];

/** An answer of the API that says no, in its own words (RFC 9457). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly details: Partial<ProblemDetails>,
  ) {
    // A token of the wrong kind comes with advice: "request the token with the API's audience".
    super(details.error_description ?? details.detail ?? `The API answered ${status}.`);
  }

  /** What is wrong with each field, by its name; `tags.3` counts as `tags`. */
  get fields(): Record<string, string> {
    const errors = this.details.errors ?? [];
    return Object.fromEntries(errors.map((e) => [e.field.split(".")[0] ?? "", e.message]));
  }
}

/** No answer: the network is away, or the API is. */
export class Unreachable extends Error {
  constructor() {
    super("The server cannot be reached.");
  }
}

/** Who was logged in is so no longer, and only they can change that. */
export class LoginNeeded extends Error {
  constructor() {
    super("Your session has ended: log in again.");
  }
}

interface Answer<T> {
  data?: T;
  error?: Partial<ProblemDetails>;
  response: Response;
}

/** What a call brought; throws Problem, Unreachable or LoginNeeded where it brought nothing. */
export async function taken<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call.catch((failure: unknown) => {
    throw failure instanceof LoginNeeded ? failure : new Unreachable(); // cut off, perhaps halfway
  });
  if (!response.ok) throw new Problem(response.status, error ?? {});
  return data as T;
}

export function isStatus(error: unknown, status: number): error is Problem {
  return error instanceof Problem && error.status === status;
}

/** For people: our own words, or that something is wrong with the app. */
export function messageOf(error: unknown): string {
  const isKnown =
    error instanceof Problem || error instanceof Unreachable || error instanceof LoginNeeded;
  return isKnown ? error.message : "Something went wrong in this app: reload the page.";
}
