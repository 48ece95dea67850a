/**
 * A post in the editor: what is typed, what is saved, and how one becomes the other.
 *
 * Nothing that was typed gets lost. It is kept on this device until the API has it (backup.ts); a
 * write goes out one at a time, under the version that was read; and where another tab was faster,
 * 412, both texts are kept until somebody decides.
 */
import { batch, computed, signal } from "@preact/signals";

import { member, type Schemas } from "../api/client";
import { isStatus, LoginNeeded, messageOf, Problem, taken, Unreachable } from "../api/problem";
import { backUp, backupKey, backupOf, forgetBackup } from "./backup";
import { changes, EMPTY, fieldsOf, isSame, type Fields, type OwnPost } from "./fields";

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

  /** What is public changes when its author says so, all else by itself. */
  readonly savesItself = computed(() => (this.post.value?.status ?? "draft") === "draft");

  #saved: Fields = EMPTY; // as the API has it
  #sent: Fields | undefined; // while we do not know whether the API got it
  #creation: { key: string; fields: Fields } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writes: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly authorId: string,
    private readonly onCreated: (post: OwnPost) => void,
  ) {
    addEventListener("online", this.#again);
  }

  close(): void {
    removeEventListener("online", this.#again);
    clearTimeout(this.#timer);
    if (this.#isDirty && this.savesItself.value) void this.save();
  }

  /** Begin with a post, or with none, and with what was typed before and never saved. */
  open(post: OwnPost | undefined): void {
    this.#adopt(post);
    this.fields.value = this.#saved;
    const backup = backupOf(this.#key);
    if (!backup || isSame(backup.fields, this.#saved)) return;
    this.fields.value = backup.fields;
    if (post && backup.version !== post.version) this.#become({ kind: "conflict", theirs: post });
    else this.#typed();
  }

  change(part: Partial<Fields>): void {
    this.fields.value = { ...this.fields.value, ...part };
    this.#typed();
  }

  /** Save what was typed, and take a step such as publishing; whether the API has it all. */
  save(step: Step = {}): Promise<boolean> {
    clearTimeout(this.#timer);
    const write = this.#writes.then(() => this.#write(step));
    this.#writes = write;
    return write;
  }

  /**
   * After a conflict: this text stays here and the other becomes a draft of its own, or the reverse.
   * Throws, and nothing is decided, where that draft cannot be made.
   */
  async decide(keep: "mine" | "theirs"): Promise<void> {
    const state = this.state.value;
    if (state.kind !== "conflict") return;
    const theirs = fieldsOf(state.theirs);
    const aside = keep === "mine" ? theirs : this.fields.value;
    await createPost({ ...aside, title: `${aside.title} (other version)`.slice(-200), slug: "" });
    batch(() => {
      this.#adopt(state.theirs);
      if (keep === "theirs") this.fields.value = theirs;
      this.#become({ kind: "unsaved" });
    });
    await this.save();
  }

  /** After the post was deleted elsewhere: the text as a new post. */
  async saveAsNew(): Promise<void> {
    this.#adopt(undefined);
    this.change({ slug: "" });
    await this.save();
  }

  get #isDirty(): boolean {
    return !isSame(this.#saved, this.fields.value);
  }

  get #key(): string {
    return backupKey(this.authorId, this.post.value?.id ?? "new");
  }

  #become(state: State): void {
    this.state.value = state;
  }

  #adopt(post: OwnPost | undefined): void {
    this.post.value = post;
    this.#saved = post ? fieldsOf(post) : EMPTY;
  }

  #typed(): void {
    backUp(this.#key, this.fields.value, this.post.value?.version ?? 0);
    const { kind } = this.state.value;
    if (kind === "conflict" || kind === "gone" || kind === "login") return;
    if (kind !== "offline") this.#become({ kind: "unsaved" });
    if (this.savesItself.value) this.#soon(AUTOSAVE_AFTER);
  }

  #soon(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), milliseconds);
  }

  readonly #again = (): void => {
    if (this.state.value.kind === "offline") void this.save();
  };

  async #write(step: Step): Promise<boolean> {
    if (this.state.value.kind === "conflict") return false;
    const typed = this.fields.value;
    const post = this.post.value;
    if (!post && typed.title.trim() === "") {
      this.#become(
        isSame(typed, EMPTY)
          ? { kind: "saved" }
          : { kind: "refused", message: "Give it a title, and it will be saved." },
      );
      return false;
    }
    const sent = { ...changes(this.#saved, typed), ...(isTaken(step, post) ? {} : step) };
    if (post && Object.keys(sent).length === 0) return this.#settle();
    this.#become({ kind: "saving" });
    try {
      if (post) {
        this.#sent = typed;
        this.#take(await editPost(post, sent), typed);
        return this.#settle();
      }
      await this.#create(typed);
    } catch (error) {
      return this.#failed(error, step);
    }
    return this.#write(step);
  }

  /**
   * The same text under the same key until it is known to be there, so that an answer that got lost
   * makes no second post. What was typed in the meantime is an edit.
   */
  async #create(typed: Fields): Promise<void> {
    this.#creation ??= { key: crypto.randomUUID(), fields: typed };
    const { key, fields } = this.#creation;
    const backup = this.#key;
    const post = await createPost(fields, key);
    this.#creation = undefined;
    forgetBackup(backup);
    this.#take(post, fields);
    this.onCreated(post);
  }

  /** What the API made of it: a derived slug or excerpt follows, what is being typed stays. */
  #take(post: OwnPost, typed: Fields): void {
    batch(() => {
      const follows = (name: "slug" | "excerpt") => this.fields.value[name] === typed[name];
      const derived = {
        ...(follows("slug") ? { slug: post.slug } : {}),
        ...(follows("excerpt") ? { excerpt: post.excerpt } : {}),
      };
      this.#adopt(post);
      this.#saved = { ...typed, slug: post.slug, excerpt: post.excerpt };
      this.#sent = undefined;
      this.fields.value = { ...this.fields.value, ...derived };
      this.faults.value = {};
    });
  }

  #settle(): boolean {
    if (this.#isDirty) {
      this.#become({ kind: "unsaved" });
      this.#typed();
      return false;
    }
    forgetBackup(this.#key);
    this.#become({ kind: "saved" });
    return true;
  }

  async #failed(error: unknown, step: Step): Promise<boolean> {
    if (isStatus(error, 412)) return this.#overtaken(step);
    if (error instanceof LoginNeeded) {
      this.#become({ kind: "login" });
    } else if (error instanceof Unreachable || isStatus(error, 503) || isStatus(error, 429)) {
      this.#become({ kind: "offline" });
      if (Object.keys(step).length === 0) this.#soon(RETRY_AFTER);
    } else if (isStatus(error, 404) && this.post.value) {
      this.#become({ kind: "gone" });
    } else {
      this.#creation = undefined; // refused, so it made nothing
      this.faults.value = faultsOf(error);
      this.#become({ kind: "refused", message: messageOf(error) });
    }
    return false;
  }

  /** Another version is there: our own whose answer got lost, the same text, or a conflict. */
  async #overtaken(step: Step): Promise<boolean> {
    let theirs: OwnPost;
    try {
      theirs = await myPost(this.post.value!.id);
    } catch (error) {
      return this.#failed(error, step);
    }
    const known = fieldsOf(theirs);
    const ours = [this.#sent, this.#saved, this.fields.value].find(
      (own) => own && sameText(own, known),
    );
    if (!ours) {
      this.#become({ kind: "conflict", theirs });
      return false;
    }
    this.#take(theirs, ours);
    return this.#write(step);
  }
}

function isTaken(step: Step, post: OwnPost | undefined): boolean {
  return step.status === post?.status && step.publish_at === undefined;
}

/** Slug and excerpt may be derived, so they tell nothing of who wrote them. */
function sameText(one: Fields, other: Fields): boolean {
  return isSame({ ...one, slug: "", excerpt: "" }, { ...other, slug: "", excerpt: "" });
}

function faultsOf(error: unknown): Record<string, string> {
  if (!(error instanceof Problem)) return {};
  return error.status === 409 ? { slug: error.message } : error.fields;
}

export function myPost(id: string): Promise<OwnPost> {
  return taken(member.GET("/me/posts/{post_id}", { params: { path: { post_id: id } } }));
}

function createPost(fields: Fields, key: string = crypto.randomUUID()): Promise<OwnPost> {
  const body = { title: fields.title, ...changes(EMPTY, fields) };
  const header = { "Idempotency-Key": key };
  return taken(member.POST("/posts", { params: { header }, body: body as Schemas["NewPost"] }));
}

function editPost(post: OwnPost, body: Partial<Schemas["PostChanges"]>): Promise<OwnPost> {
  const path = { post_id: post.id };
  const header = { "If-Match": `"${post.version}"` };
  return taken(member.PATCH("/posts/{post_id}", { params: { path, header }, body }));
}
