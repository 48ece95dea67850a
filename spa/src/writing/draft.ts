/**
 * A post in the editor: what is typed, what is saved, and how one becomes the other.
 *
 * - What is typed is kept on this device (backup.ts) until the API has it.
 * - Edits go out one at a time, each under the version that was read.
 * - Only a draft saves itself. What is public, or will be, changes when its author says so, to what
 *   stood there when they did.
 * - Where another tab was faster, 412, both texts are kept until somebody decides.
 */
import { batch, computed, signal } from "@preact/signals";

import { member, type Schemas } from "../api/client";
import { isStatus, LoginNeeded, messageOf, Problem, taken, Unreachable } from "../api/problem";
import { leave, Slot, type Creation } from "./backup";
import {
  changes,
  EMPTY,
  fieldsOf,
  hasClash,
  isMadeOf,
  isSame,
  type Fields,
  type OwnPost,
} from "./fields";

export type State =
  | { readonly kind: "saved" | "unsaved" | "saving" | "offline" | "login" }
  | { readonly kind: "refused"; readonly message: string }
  | { readonly kind: "gone" } // deleted elsewhere
  | { readonly kind: "conflict"; readonly theirs: OwnPost };

/** What a publication changes beside the text. */
export type Step = Pick<Partial<Schemas["PostChanges"]>, "status" | "publish_at">;

const AUTOSAVE_AFTER = 1_000; // milliseconds without a key pressed
const RETRY_AFTER = 5_000;

export class Draft {
  readonly post = signal<OwnPost | undefined>(undefined);
  readonly fields = signal<Fields>(EMPTY);
  readonly state = signal<State>({ kind: "saved" });
  readonly faults = signal<Record<string, string>>({});
  readonly savesItself = computed(() => (this.post.value?.status ?? "draft") === "draft");

  #slot: Slot;
  #saved: Fields = EMPTY; // as the API has it
  #basis = 0; // the version of the post that was edited
  #attempts: Fields[] = []; // what was sent and perhaps arrived
  #edits = 0; // how often something was typed
  #isKept = true;
  #creation: Creation | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writes: Promise<unknown> = Promise.resolve();
  #aside: { fields: Fields; key: string } | undefined;
  #isDeciding = false;
  #isClosed = false;

  constructor(
    private readonly authorId: string,
    private readonly onCreated: (post: OwnPost) => void,
  ) {
    this.#slot = Slot.empty(authorId);
    addEventListener("online", this.#retry);
    addEventListener("beforeunload", this.#warn);
  }

  /** Begin with a post, or with none, and with what was typed before and never saved. */
  async open(post: OwnPost | undefined): Promise<void> {
    this.#adopt(post);
    this.fields.value = this.#saved;
    const found = await Slot.takenOver(this.authorId, post?.id);
    if (!found) return;
    this.#slot = found.slot;
    const { fields, before, attempts, version, creation } = found.backup;
    if (isSame(fields, this.#saved)) return this.#slot.forget();
    this.fields.value = fields;
    this.#creation = creation;
    if (post && version !== post.version) {
      const known = this.#saved;
      const own = [...attempts, fields].findLast((one) => isMadeOf(one, known, before));
      if (!own) {
        this.#basis = version;
        this.state.value = { kind: "conflict", theirs: post };
        return;
      }
      this.#saved = before;
      this.#take(post, own); // what was under way when the page was left
    }
    if (this.#isDirty) this.#typed();
    else this.#slot.forget();
  }

  /** Save what a draft still lacks; what cannot be saved is left on this device. */
  close(): void {
    removeEventListener("online", this.#retry);
    removeEventListener("beforeunload", this.#warn);
    const last = this.savesItself.value && this.#isDirty ? this.#queue({}) : this.#writes;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    leave(last.then(() => this.#slot.release()));
  }

  change(part: Partial<Fields>): void {
    if (this.#isClosed) return;
    this.#edits += 1;
    this.fields.value = { ...this.fields.value, ...part };
    this.#typed();
  }

  /** Save what was typed, and take a step such as publishing; whether the API has it all. */
  save(step: Step = {}): Promise<boolean> {
    const state = this.state.value;
    if (state.kind === "conflict") this.state.value = { ...state }; // ask again
    return this.#queue(step, this.#edits);
  }

  /**
   * After a conflict: this text stays here and the other becomes a draft of its own, or the reverse.
   * Throws, and nothing is decided, where that draft cannot be made.
   */
  async decide(keep: "mine" | "theirs"): Promise<void> {
    const state = this.state.value;
    if (state.kind !== "conflict" || this.#isDeciding) return;
    const mine = this.fields.value;
    const theirs = fieldsOf(state.theirs);
    const fields = keep === "mine" ? theirs : mine;
    if (!this.#aside || !isSame(this.#aside.fields, fields)) {
      this.#aside = { fields, key: crypto.randomUUID() };
    }
    this.#isDeciding = true;
    try {
      await createPost({ ...fields, title: besides(fields.title), slug: "" }, this.#aside.key);
    } finally {
      this.#isDeciding = false;
    }
    if (this.#isClosed) return; // asked again when it is opened
    if (keep === "theirs" && this.fields.value !== mine) return; // typed on: still to be decided
    batch(() => {
      this.#aside = undefined;
      this.#adopt(state.theirs);
      if (keep === "theirs") this.fields.value = theirs;
      this.state.value = { kind: "unsaved" };
    });
    this.#keep();
    if (this.savesItself.value || !this.#isDirty) await this.#queue({});
  }

  /** After the post was deleted elsewhere: the text as a new post. */
  async saveAsNew(): Promise<void> {
    this.#adopt(undefined);
    this.state.value = { kind: "unsaved" };
    this.change({ slug: "" });
    await this.save();
  }

  /** The post was deleted here: nothing is left to save. */
  discard(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.fields.value = this.#saved;
    this.#slot.forget();
    this.#slot = Slot.nowhere;
  }

  get #isDirty(): boolean {
    return !isSame(this.#saved, this.fields.value);
  }

  #adopt(post: OwnPost | undefined): void {
    this.post.value = post;
    this.#saved = post ? fieldsOf(post) : EMPTY;
    this.#basis = post?.version ?? 0;
    this.#attempts = [];
  }

  #keep(): void {
    const isGone = this.state.value.kind === "gone"; // then it is a new post's
    this.#isKept = this.#slot.keep({
      postId: isGone ? undefined : this.post.value?.id,
      version: isGone ? 0 : this.#basis,
      before: isGone ? EMPTY : this.#saved,
      fields: isGone ? { ...this.fields.value, slug: "" } : this.fields.value,
      attempts: isGone ? [] : this.#attempts,
      creation: this.#creation,
    });
  }

  readonly #warn = (event: BeforeUnloadEvent): void => {
    if (this.#isDirty && !this.#isKept) event.preventDefault();
  };

  #typed(): void {
    this.#keep();
    const { kind } = this.state.value;
    if (kind === "conflict" || kind === "gone" || kind === "login") return;
    if (kind !== "offline" && kind !== "saving") this.state.value = { kind: "unsaved" };
    this.#soon(AUTOSAVE_AFTER);
  }

  #soon(milliseconds: number): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#queue({}), milliseconds);
  }

  readonly #retry = (): void => {
    if (this.state.value.kind === "offline") void this.#queue({});
  };

  /** `asked` is the edit after which a button was pressed; none for what happens by itself. */
  #queue(step: Step, asked?: number): Promise<boolean> {
    clearTimeout(this.#timer);
    const write = this.#writes.then(() => this.#write(step, asked));
    this.#writes = write.catch(() => undefined);
    return write;
  }

  async #write(step: Step, asked: number | undefined): Promise<boolean> {
    if (this.state.value.kind === "conflict") return false;
    const post = this.post.value;
    const typed = this.fields.value;
    const isForDraft = this.savesItself.value && (step.status ?? "draft") === "draft";
    if (asked === undefined && !this.savesItself.value) return this.#settle();
    if (asked !== undefined && asked !== this.#edits && !isForDraft) {
      this.#keep();
      this.state.value = { kind: "refused", message: "You typed on: press the button again." };
      return false;
    }
    if (!post && typed.title.trim() === "") {
      this.state.value = isSame(typed, EMPTY)
        ? { kind: "saved" }
        : { kind: "refused", message: "Give it a title, and it will be saved." };
      return false;
    }
    const text = changes(this.#saved, typed);
    const hasNothing = Object.keys(text).length === 0 && isTaken(step, post);
    if (post && hasNothing && this.#attempts.length === 0) return this.#settle();
    this.state.value = { kind: "saving" };
    if (post && hasNothing) return this.#lookAgain(step, asked, false);
    try {
      if (post) {
        this.#attempts.push(typed);
        this.#take(await editPost(post, { ...text, ...step }), typed);
        return this.#settle();
      }
      await this.#create(typed);
    } catch (error) {
      return this.#failed(error, step, asked);
    }
    return this.#write(step, asked);
  }

  /**
   * The same text under the same key until it is known to be there, so that an answer that got lost
   * makes no second post. What was typed in the meantime is an edit.
   */
  async #create(typed: Fields): Promise<void> {
    this.#creation ??= { key: crypto.randomUUID(), fields: typed };
    this.#keep();
    const post = await createPost(this.#creation.fields, this.#creation.key);
    this.#take(post, this.#creation.fields);
    this.#creation = undefined;
    this.#keep();
    if (!this.#isClosed) this.onCreated(post);
  }

  /** What the API made of a text: a derived address or excerpt follows, what is typed stays. */
  #take(post: OwnPost, own: Fields): void {
    const derived: Partial<Record<"slug" | "excerpt", string>> = {};
    const before = this.#saved;
    for (const name of ["slug", "excerpt"] as const) {
      const isCleared = own[name] === "" && before[name] !== ""; // perhaps to type another
      if (!isCleared) derived[name] = post[name];
    }
    batch(() => {
      const now = this.fields.value;
      const followed = Object.entries(derived).filter(
        ([name]) => now[name as keyof Fields] === own[name as keyof Fields],
      );
      this.#adopt(post);
      this.#saved = { ...own, ...derived };
      this.fields.value = { ...now, ...Object.fromEntries(followed) };
      this.faults.value = {};
    });
  }

  #settle(): boolean {
    if (this.#isDirty) {
      this.state.value = { kind: "unsaved" };
      this.#keep();
      if (this.savesItself.value) this.#soon(AUTOSAVE_AFTER);
      return false;
    }
    this.#slot.forget();
    this.#isKept = true;
    this.faults.value = {};
    this.state.value = { kind: "saved" };
    return true;
  }

  async #failed(error: unknown, step: Step, asked: number | undefined): Promise<boolean> {
    if (isStatus(error, 412)) return this.#lookAgain(step, asked, true);
    this.#keep();
    if (error instanceof LoginNeeded) {
      this.state.value = { kind: "login" };
    } else if (isAway(error) && this.savesItself.value) {
      this.state.value = { kind: "offline" };
      this.#soon(RETRY_AFTER);
    } else if (isAway(error)) {
      const message =
        "The server cannot be reached. Whether that was done is not known: try again.";
      this.state.value = { kind: "refused", message };
    } else if (isStatus(error, 404) && this.post.value) {
      this.state.value = { kind: "gone" };
      this.#keep();
    } else {
      if (isRefusal(error)) {
        this.#attempts.pop();
        this.#creation = undefined;
      }
      this.#keep();
      this.faults.value = faultsOf(error);
      this.state.value = { kind: "refused", message: messageOf(error) };
    }
    return false;
  }

  /**
   * After a 412, or where it is not known what became of a write. Another version is there: our own
   * whose answer got lost, the same text, or a conflict.
   */
  async #lookAgain(step: Step, asked: number | undefined, isRefused: boolean): Promise<boolean> {
    let theirs: OwnPost;
    try {
      theirs = await myPost(this.post.value!.id);
    } catch (error) {
      return this.#failed(error, step, asked);
    }
    if (theirs.version === this.post.value!.version) {
      this.#attempts = [];
      if (!isRefused) return this.#settle();
      this.state.value = { kind: "refused", message: "It could not be saved: reload the page." };
      return false;
    }
    const known = fieldsOf(theirs);
    const isOurs = (own: Fields) => isMadeOf(own, known, this.#saved);
    const typed = this.fields.value;
    const ours =
      this.#attempts.findLast(isOurs) ??
      (hasClash(this.#saved, typed, known) ? undefined : [this.#saved, typed].find(isOurs));
    if (!ours) {
      this.#keep();
      this.state.value = { kind: "conflict", theirs };
      return false;
    }
    this.#take(theirs, ours);
    return this.#write(step, asked);
  }
}

/** No answer, or none that says what became of the request. */
function isAway(error: unknown): boolean {
  return (
    error instanceof Unreachable ||
    (error instanceof Problem && (error.status >= 500 || error.status === 429))
  );
}

/** It was understood, and not done. */
function isRefusal(error: unknown): boolean {
  return error instanceof Problem && [400, 409, 413, 415, 422].includes(error.status);
}

function isTaken(step: Step, post: OwnPost | undefined): boolean {
  const { status = post?.status, publish_at } = step;
  return status === post?.status && publish_at === undefined;
}

function faultsOf(error: unknown): Record<string, string> {
  if (!(error instanceof Problem)) return {};
  return error.status === 409 && error.message.includes("slug")
    ? { slug: error.message }
    : error.fields;
}

/** The title of a text that is set aside, within the 200 characters that a title may have. */
function besides(title: string): string {
  return `${[...title].slice(0, 180).join("")} (other version)`;
}

export function myPost(id: string): Promise<OwnPost> {
  return taken(member.GET("/me/posts/{post_id}", { params: { path: { post_id: id } } }));
}

function createPost(fields: Fields, key: string): Promise<OwnPost> {
  const body = { title: fields.title, ...changes(EMPTY, fields) };
  const header = { "Idempotency-Key": key };
  return taken(member.POST("/posts", { params: { header }, body: body as Schemas["NewPost"] }));
}

function editPost(post: OwnPost, body: Partial<Schemas["PostChanges"]>): Promise<OwnPost> {
  const path = { post_id: post.id };
  const header = { "If-Match": `"${post.version}"` };
  return taken(member.PATCH("/posts/{post_id}", { params: { path, header }, body }));
}
