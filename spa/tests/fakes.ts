/** A browser and an API for tests of the editor. Import this module before those of the app. */
import { mock } from "node:test";

import type { NewPost, OwnPost, PostChanges, PostsApi } from "../src/api/posts";
import { Problem, Unreachable } from "../src/api/problem";

const stored = new Map<string, string>();
/** Stands in for localStorage: values are own properties, as in a browser. */
class FakeStorage {
  getItem = (key: string) => stored.get(key) ?? null;
  setItem(key: string, value: string): void {
    stored.set(key, value);
    Object.assign(this, { [key]: value });
  }
  removeItem(key: string): void {
    stored.delete(key);
    Reflect.deleteProperty(this, key);
  }
}

const events = new EventTarget();
Object.defineProperties(globalThis, {
  localStorage: { value: new FakeStorage(), configurable: true },
  navigator: { value: {}, configurable: true },
  addEventListener: { value: events.addEventListener.bind(events), configurable: true },
  removeEventListener: { value: events.removeEventListener.bind(events), configurable: true },
});

/** Dispatch an event of the window, such as `online`. */
export function dispatch(type: string): Event {
  const event = new Event(type, { cancelable: true });
  events.dispatchEvent(event);
  return event;
}

export function backups(): unknown[] {
  return [...stored.values()].map((text) => JSON.parse(text) as unknown);
}

/** Let all promises settle that do not wait for a timer or for the API. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
}

/** Advance the fake clock, and let everything happen that was due. */
export async function tick(milliseconds: number): Promise<void> {
  mock.timers.tick(milliseconds);
  await settled();
}

type Outage = "before" | "after"; // the request, or only its response, is lost

/** The API with one author. It derives slug and excerpt, and checks versions, as the real one does. */
export class FakePosts implements PostsApi {
  readonly posts = new Map<string, OwnPost>();
  readonly calls: { method: "get" | "create" | "edit"; body?: NewPost | PostChanges }[] = [];
  isOffline = false;
  #created = new Map<string, OwnPost>();
  #outages: Outage[] = [];
  #errors: Error[] = [];
  #holds: Promise<void>[] = [];

  /** Lose the next request or its response. */
  lose(outage: Outage): void {
    this.#outages.push(outage);
  }

  /** Answer the next request with this error. */
  failWith(error: Error): void {
    this.#errors.push(error);
  }

  /** Hold the next request until the returned function is called. */
  hold(): () => void {
    let release = () => {};
    this.#holds.push(new Promise((resolve) => (release = resolve)));
    return release;
  }

  get writes(): number {
    return this.calls.filter((call) => call.method !== "get").length;
  }

  /** Change a post as another tab would. */
  change(id: string, part: Partial<OwnPost>): OwnPost {
    const post = this.posts.get(id)!;
    const changed = { ...post, ...part, version: post.version + 1 };
    this.posts.set(id, changed);
    return changed;
  }

  get(id: string): Promise<OwnPost> {
    return this.#call({ method: "get" }, () => this.#find(id));
  }

  create(body: NewPost, key: string): Promise<OwnPost> {
    return this.#call({ method: "create", body }, () => {
      const post = this.#created.get(key) ?? this.#store(newPost(this.posts.size + 1), body);
      this.#created.set(key, post);
      return post;
    });
  }

  edit({ id, version }: Pick<OwnPost, "id" | "version">, body: PostChanges): Promise<OwnPost> {
    return this.#call({ method: "edit", body }, () => {
      const post = this.#find(id);
      if (post.version !== version) throw new Problem(412, {});
      return this.#store(post, body);
    });
  }

  #find(id: string): OwnPost {
    const post = this.posts.get(id);
    if (!post) throw new Problem(404, {});
    return post;
  }

  #store(before: OwnPost, body: NewPost | PostChanges): OwnPost {
    const post = { ...before, ...body, version: before.version + 1 } as OwnPost;
    post.tags = (body.tags as string[] | undefined) ?? before.tags;
    post.slug = body.slug ?? (before.slug || post.title.toLowerCase().replaceAll(" ", "-"));
    const isDerived = before.excerpt === before.body && body.excerpt === undefined;
    if (isDerived || body.excerpt === null) post.excerpt = post.body;
    this.posts.set(post.id, post);
    return post;
  }

  async #call(call: FakePosts["calls"][number], answer: () => OwnPost): Promise<OwnPost> {
    this.calls.push(call);
    await this.#holds.shift();
    const outage = this.isOffline ? "before" : this.#outages.shift();
    if (outage === "before") throw new Unreachable();
    const error = this.#errors.shift();
    if (error) throw error;
    const post = answer();
    if (outage === "after") throw new Unreachable();
    return { ...post };
  }
}

export function newPost(number = 1, part: Partial<OwnPost> = {}): OwnPost {
  const empty = { title: "", body: "", tags: [], excerpt: "", slug: "", comments: "open" };
  const post = { id: `P${number}`, version: 0, status: "draft", ...empty };
  return { ...post, cover_image: null, canonical_url: null, ...part } as unknown as OwnPost;
}
