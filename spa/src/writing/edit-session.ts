/**
 * A post in the editor: what is typed, what is saved, and the writes between them.
 *
 * - What is typed is kept on this device (backup.ts) until the API has it.
 * - Edits are sent one at a time, each with the version that it is based on.
 * - Only a draft is saved automatically. A public or scheduled post changes when its author presses a
 *   button, to what was typed at that time.
 * - If another tab was faster (412), both versions are kept until the author decides.
 *
 * The decisions are in resolve.ts, the requests in api/posts.ts.
 */
import { batch, computed, signal } from "@preact/signals";

import type { NewPost, OwnPost, PostsApi, StatusChange } from "../api/posts";
import { DraftSlot, trackClosingSave, type Creation } from "./backup";
import { changes, copyTitle, EMPTY, fieldsOf, isSame, type Fields } from "./fields";
import {
  accept,
  afterError,
  compare,
  compareBackup,
  isDraft,
  nextWrite,
  type Snapshot,
  type State,
} from "./resolve";

const RETRY_AFTER = 5_000; // milliseconds

interface Options {
  readonly authorId: string;
  readonly posts: PostsApi;
  readonly autosaveDelay: number; // milliseconds without a key pressed
  readonly onCreated: (post: OwnPost) => void;
}

export class EditSession {
  readonly post = signal<OwnPost | undefined>(undefined);
  readonly fields = signal<Fields>(EMPTY);
  readonly state = signal<State>({ kind: "saved" });
  readonly fieldErrors = signal<Record<string, string>>({});
  readonly isAutosaved = computed(() => isDraft(this.post.value));

  #slot: DraftSlot;
  #saved: Fields = EMPTY; // as the API has it
  #baseVersion = 0; // the version of the post that was edited
  #attempts: Fields[] = []; // sent, and perhaps received
  #edits = 0; // how often something was typed
  #isBackedUp = true;
  #creation: Creation | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writes: Promise<unknown> = Promise.resolve();
  #pendingCopy: { fields: Fields; key: string } | undefined;
  #isDeciding = false;
  #isClosed = false;

  constructor(private readonly options: Options) {
    this.#slot = DraftSlot.empty(options.authorId);
    addEventListener("online", this.#retry);
    addEventListener("beforeunload", this.#warn);
  }

  /** Open a post, or a new one, together with what was typed earlier and never saved. */
  async open(post: OwnPost | undefined): Promise<void> {
    this.#adopt(post);
    this.fields.value = this.#saved;
    const found = await DraftSlot.takeOver(this.options.authorId, post?.id);
    if (!found) return;
    const { slot, backup } = found;
    this.#slot = slot;
    if (isSame(backup.fields, this.#saved)) return this.#slot.forget();
    this.fields.value = backup.fields;
    this.#creation = backup.creation;
    const comparison = compareBackup(backup, post);
    if (comparison.kind === "conflict") {
      this.#baseVersion = backup.version;
      this.state.value = { kind: "conflict", theirs: post! };
      return;
    }
    if (comparison.kind === "ours") {
      this.#saved = backup.before;
      this.#accept(post!, comparison.sent); // it was being sent when the page was left
    }
    if (this.#isDirty) this.#afterTyping();
    else this.#slot.forget();
  }

  /** Save what a draft still lacks; what cannot be saved stays on this device. */
  close(): void {
    removeEventListener("online", this.#retry);
    removeEventListener("beforeunload", this.#warn);
    const last = this.isAutosaved.value && this.#isDirty ? this.#queue({}) : this.#writes;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    trackClosingSave(last.then(() => this.#slot.release()));
  }

  change(part: Partial<Fields>): void {
    if (this.#isClosed) return;
    this.#edits += 1;
    this.fields.value = { ...this.fields.value, ...part };
    this.#afterTyping();
  }

  /** Save what was typed and change the status, if asked; return whether the API has all of it. */
  save(change: StatusChange = {}): Promise<boolean> {
    const state = this.state.value;
    if (state.kind === "conflict") this.state.value = { ...state }; // shows the dialog again
    return this.#queue(change, this.#edits);
  }

  /**
   * Resolve a conflict: one version stays here, and the other becomes a draft of its own.
   * Throws if that draft cannot be created; the conflict then remains.
   */
  async decide(keep: "mine" | "theirs"): Promise<void> {
    const state = this.state.value;
    if (state.kind !== "conflict" || this.#isDeciding) return;
    const mine = this.fields.value;
    const theirs = fieldsOf(state.theirs);
    const fields = keep === "mine" ? theirs : mine;
    if (!this.#pendingCopy || !isSame(this.#pendingCopy.fields, fields)) {
      this.#pendingCopy = { fields, key: crypto.randomUUID() };
    }
    this.#isDeciding = true;
    try {
      const copy = { ...fields, title: copyTitle(fields.title), slug: "" };
      await this.options.posts.create(newPost(copy), this.#pendingCopy.key);
    } finally {
      this.#isDeciding = false;
    }
    if (this.#isClosed) return; // the next editor asks again
    if (keep === "theirs" && this.fields.value !== mine) return; // typed meanwhile: ask again
    batch(() => {
      this.#pendingCopy = undefined;
      this.#adopt(state.theirs);
      if (keep === "theirs") this.fields.value = theirs;
      this.state.value = { kind: "unsaved" };
    });
    this.#backUp();
    if (this.isAutosaved.value || !this.#isDirty) await this.#queue({});
  }

  /** Save the fields as a new post, after the post was deleted elsewhere. */
  async saveAsNew(): Promise<void> {
    this.#adopt(undefined);
    this.state.value = { kind: "unsaved" };
    this.change({ slug: "" });
    await this.save();
  }

  /** Forget everything, after the author deleted the post here. */
  discard(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.fields.value = this.#saved;
    this.#slot.forget();
    this.#slot = DraftSlot.nowhere;
  }

  get #isDirty(): boolean {
    return !isSame(this.#saved, this.fields.value);
  }

  get #snapshot(): Snapshot {
    const [post, saved, typed] = [this.post.value, this.#saved, this.fields.value];
    return { post, saved, typed, attempts: this.#attempts };
  }

  #adopt(post: OwnPost | undefined): void {
    this.post.value = post;
    this.#saved = post ? fieldsOf(post) : EMPTY;
    this.#baseVersion = post?.version ?? 0;
    this.#attempts = [];
  }

  #backUp(): void {
    const isGone = this.state.value.kind === "gone"; // then it is the backup of a new post
    this.#isBackedUp = this.#slot.keep({
      postId: isGone ? undefined : this.post.value?.id,
      version: isGone ? 0 : this.#baseVersion,
      before: isGone ? EMPTY : this.#saved,
      fields: isGone ? { ...this.fields.value, slug: "" } : this.fields.value,
      attempts: isGone ? [] : this.#attempts,
      creation: this.#creation,
    });
  }

  readonly #warn = (event: BeforeUnloadEvent): void => {
    if (this.#isDirty && !this.#isBackedUp) event.preventDefault();
  };

  #afterTyping(): void {
    this.#backUp();
    const { kind } = this.state.value;
    if (kind === "conflict" || kind === "gone" || kind === "login") return;
    if (kind !== "offline" && kind !== "saving") this.state.value = { kind: "unsaved" };
    this.#saveAfter(this.options.autosaveDelay);
  }

  #saveAfter(milliseconds: number): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#queue({}), milliseconds);
  }

  readonly #retry = (): void => {
    if (this.state.value.kind === "offline") void this.#queue({});
  };

  /** Write after all earlier writes. `pressedAt` is the edit at which a button was pressed, if any. */
  #queue(change: StatusChange, pressedAt?: number): Promise<boolean> {
    clearTimeout(this.#timer);
    const write = this.#writes.then(() => this.#write(change, pressedAt));
    this.#writes = write.catch(() => undefined);
    return write;
  }

  async #write(change: StatusChange, pressedAt: number | undefined): Promise<boolean> {
    if (this.state.value.kind === "conflict") return false;
    const post = this.post.value;
    const typed = this.fields.value;
    const isAutomatic = pressedAt === undefined;
    const isOutdated = !isAutomatic && pressedAt !== this.#edits;
    const next = nextWrite(this.#snapshot, { isAutomatic, isOutdated, change });
    if (next.kind === "settle") return this.#settle();
    if (next.kind === "stop") {
      if (next.state.kind === "refused") this.#backUp();
      this.state.value = next.state;
      return false;
    }
    this.state.value = { kind: "saving" };
    if (next.kind === "compare") return this.#compare(change, pressedAt, false);
    try {
      if (next.kind === "edit") {
        this.#attempts.push(typed);
        this.#accept(await this.options.posts.edit(post!, next.body), typed);
        return this.#settle();
      }
      await this.#create(typed);
    } catch (error) {
      return this.#fail(error, change, pressedAt);
    }
    return this.#write(change, pressedAt);
  }

  /**
   * Create the post. A retry sends the same fields and the same key, so that a lost response does
   * not lead to a second post. What is typed meanwhile follows as an edit.
   */
  async #create(typed: Fields): Promise<void> {
    this.#creation ??= { key: crypto.randomUUID(), fields: typed };
    this.#backUp();
    const { key, fields } = this.#creation;
    const post = await this.options.posts.create(newPost(fields), key);
    this.#accept(post, fields);
    this.#creation = undefined;
    this.#backUp();
    if (!this.#isClosed) this.options.onCreated(post);
  }

  #accept(post: OwnPost, sent: Fields): void {
    const { saved, typed } = accept(this.#snapshot, post, sent);
    batch(() => {
      this.#adopt(post);
      this.#saved = saved;
      this.fields.value = typed;
      this.fieldErrors.value = {};
    });
  }

  #settle(): boolean {
    if (this.#isDirty) {
      this.state.value = { kind: "unsaved" };
      this.#backUp();
      if (this.isAutosaved.value) this.#saveAfter(this.options.autosaveDelay);
      return false;
    }
    this.#slot.forget();
    this.#isBackedUp = true;
    this.fieldErrors.value = {};
    this.state.value = { kind: "saved" };
    return true;
  }

  async #fail(
    error: unknown,
    change: StatusChange,
    pressedAt: number | undefined,
  ): Promise<boolean> {
    const failure = afterError(error, this.post.value);
    if (failure.kind === "compare") return this.#compare(change, pressedAt, true);
    if (failure.isRejected) {
      this.#attempts.pop();
      this.#creation = undefined;
    }
    if (failure.fieldErrors) this.fieldErrors.value = failure.fieldErrors;
    this.state.value = failure.state;
    this.#backUp();
    if (failure.state.kind === "offline") this.#saveAfter(RETRY_AFTER);
    return false;
  }

  /** Ask the API for its version, after a 412 or a lost response, and continue from there. */
  async #compare(
    change: StatusChange,
    pressedAt: number | undefined,
    isRejected: boolean,
  ): Promise<boolean> {
    let theirs: OwnPost;
    try {
      theirs = await this.options.posts.get(this.post.value!.id);
    } catch (error) {
      return this.#fail(error, change, pressedAt);
    }
    const comparison = compare(this.#snapshot, theirs);
    if (comparison.kind === "same") {
      this.#attempts = [];
      if (!isRejected) return this.#settle();
      this.state.value = { kind: "refused", message: "Saving failed. Reload the page." };
      return false;
    }
    if (comparison.kind === "conflict") {
      this.#backUp();
      this.state.value = { kind: "conflict", theirs };
      return false;
    }
    this.#accept(theirs, comparison.sent);
    return this.#write(change, pressedAt);
  }
}

function newPost(fields: Fields): NewPost {
  return { title: fields.title, ...changes(EMPTY, fields) } as NewPost;
}
