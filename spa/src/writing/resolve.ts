/**
 * What the editor does next: pure functions of what is saved, what is typed and what the API says.
 * EditSession carries out what they decide.
 */
import type { OwnPost, PostChanges, StatusChange } from "../api/posts";
import { isStatus, LoginNeeded, messageOf, Problem, Unreachable } from "../api/problem";
import type { Backup } from "./backup";
import { changes, EMPTY, fieldsOf, hasClash, isResultOf, isSame, type Fields } from "./fields";

export type State =
  | { readonly kind: "saved" | "unsaved" | "saving" | "offline" | "login" }
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "gone" } // deleted elsewhere
  | { readonly kind: "conflict"; readonly theirs: OwnPost };

/** What the editor holds when it decides. */
export interface Snapshot {
  readonly post: OwnPost | undefined; // undefined: not created yet
  readonly saved: Fields; // as the API has them
  readonly typed: Fields;
  readonly attempts: readonly Fields[]; // sent, and perhaps received
}

/** Why a write happens: by the autosave timer, or because the author pressed a button. */
export interface WriteRequest {
  readonly isAutomatic: boolean;
  readonly isOutdated: boolean; // the author typed after pressing the button
  readonly change: StatusChange;
}

export type NextWrite =
  | { readonly kind: "settle" } // nothing to send
  | { readonly kind: "create" }
  | { readonly kind: "edit"; readonly body: PostChanges }
  | { readonly kind: "compare" } // an earlier write may have arrived: ask the API
  | { readonly kind: "stop"; readonly state: State };

/** Only drafts are saved automatically; what is public changes when its author says so. */
export function isDraft(post: OwnPost | undefined): boolean {
  return (post?.status ?? "draft") === "draft";
}

export function nextWrite(snapshot: Snapshot, request: WriteRequest): NextWrite {
  const { post, saved, typed, attempts } = snapshot;
  const { isAutomatic, isOutdated, change } = request;
  if (isAutomatic && !isDraft(post)) return { kind: "settle" };
  const staysDraft = isDraft(post) && (change.status ?? "draft") === "draft";
  if (isOutdated && !staysDraft) return refused("The text changed while saving. Click again.");
  if (!post) {
    if (isSame(typed, EMPTY)) return { kind: "stop", state: { kind: "saved" } };
    return typed.title.trim() === "" ? refused("Add a title to save.") : { kind: "create" };
  }
  const body = changes(saved, typed);
  const isUnchanged =
    Object.keys(body).length === 0 &&
    (change.status ?? post.status) === post.status &&
    change.publish_at === undefined;
  if (!isUnchanged) return { kind: "edit", body: { ...body, ...change } };
  return { kind: attempts.length === 0 ? "settle" : "compare" };
}

function refused(message: string): NextWrite {
  return { kind: "stop", state: { kind: "refused", message } };
}

/**
 * The fields after the API stored `sent` as `post`: a derived slug or excerpt replaces the old one,
 * and what was typed since then stays.
 */
export function accept(
  { saved, typed }: Pick<Snapshot, "saved" | "typed">,
  post: OwnPost,
  sent: Fields,
): { readonly saved: Fields; readonly typed: Fields } {
  const nowSaved = { ...sent };
  const nowTyped = { ...typed };
  for (const name of ["slug", "excerpt"] as const) {
    const isCleared = sent[name] === "" && saved[name] !== ""; // perhaps to type another
    if (isCleared) continue;
    nowSaved[name] = post[name];
    if (typed[name] === sent[name]) nowTyped[name] = post[name];
  }
  return { saved: nowSaved, typed: nowTyped };
}

export type Comparison =
  | { readonly kind: "same" } // nobody changed it
  | { readonly kind: "ours"; readonly sent: Fields } // our own write, whose response was lost
  | { readonly kind: "conflict" };

/** Tell our own write from another's, after a 412 or a lost response. */
export function compare(snapshot: Snapshot, theirs: OwnPost): Comparison {
  const { post, saved, typed, attempts } = snapshot;
  if (theirs.version === post?.version) return { kind: "same" };
  const stored = fieldsOf(theirs);
  const isOurs = (sent: Fields) => isResultOf(sent, stored, saved);
  // Another write may have changed nothing in these fields, or to just what is typed here.
  const equal = hasClash(saved, typed, stored) ? undefined : [saved, typed].find(isOurs);
  const sent = attempts.findLast(isOurs) ?? equal;
  return sent ? { kind: "ours", sent } : { kind: "conflict" };
}

/** The same question for a backup that an earlier editor left. */
export function compareBackup(backup: Backup, post: OwnPost | undefined): Comparison {
  if (!post || backup.version === post.version) return { kind: "same" };
  const stored = fieldsOf(post);
  const sent = [...backup.attempts, backup.fields].findLast((one) =>
    isResultOf(one, stored, backup.before),
  );
  return sent ? { kind: "ours", sent } : { kind: "conflict" };
}

/** What follows from the error of a write. */
export type Failure =
  | { readonly kind: "compare" } // 412: the post has another version
  | {
      readonly kind: "state";
      readonly state: State;
      readonly isRejected: boolean; // the API has certainly not stored it
      readonly fieldErrors?: Record<string, string>;
    };

export function afterError(error: unknown, post: OwnPost | undefined): Failure {
  if (isStatus(error, 412)) return { kind: "compare" };
  const pending = (state: State): Failure => ({ kind: "state", state, isRejected: false });
  if (error instanceof LoginNeeded) return pending({ kind: "login" });
  if (isUnanswered(error)) {
    const message =
      "The server cannot be reached. It is unknown whether the change was saved. Try again.";
    return pending(isDraft(post) ? { kind: "offline" } : { kind: "refused", message });
  }
  if (isStatus(error, 404) && post) return pending({ kind: "gone" });
  return {
    kind: "state",
    state: { kind: "refused", message: messageOf(error) },
    isRejected: error instanceof Problem && [400, 409, 413, 415, 422].includes(error.status),
    fieldErrors: fieldErrorsOf(error),
  };
}

/** Whether there is no response, or one that leaves open whether the write happened. */
function isUnanswered(error: unknown): boolean {
  return (
    error instanceof Unreachable ||
    (error instanceof Problem && (error.status >= 500 || error.status === 429))
  );
}

function fieldErrorsOf(error: unknown): Record<string, string> {
  if (!(error instanceof Problem)) return {};
  const isSlugTaken = error.status === 409 && error.message.includes("slug");
  return isSlugTaken ? { slug: error.message } : error.fields;
}
