import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";

import { backups, dispatch, FakePosts, newPost, settled, tick } from "./fakes";
import type { OwnPost } from "../src/api/posts";
import { Problem } from "../src/api/problem";
import { closingSaves } from "../src/writing/backup";
import { EditSession } from "../src/writing/edit-session";

const AUTOSAVE = 1_000;
const MINUTE = 60_000;

let posts: FakePosts;
let opened: EditSession[];
let created: OwnPost[];

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  posts = new FakePosts();
  opened = [];
  created = [];
});

afterEach(async () => {
  for (const session of opened) {
    session.discard();
    session.close();
  }
  await settled();
  mock.timers.reset();
});

/** Open an editor of a post, or of a new one. */
async function open(post?: OwnPost): Promise<EditSession> {
  const session = new EditSession({
    authorId: "alice",
    posts,
    autosaveDelay: AUTOSAVE,
    onCreated: (one) => created.push(one),
  });
  opened.push(session);
  await session.open(post);
  return session;
}

/** Open an editor of a stored post. */
async function openStored(part: Partial<OwnPost> = {}): Promise<EditSession> {
  const post = newPost(1, {
    title: "A title",
    body: "Before.",
    slug: "a-title",
    version: 1,
    ...part,
  });
  posts.posts.set(post.id, post);
  return open({ ...post });
}

function stored(): OwnPost {
  return posts.posts.get("P1")!;
}

function kind(session: EditSession): string {
  return session.state.value.kind;
}

describe("autosave", () => {
  it("waits until the author stops typing, and saves once", async () => {
    const session = await openStored();
    for (const body of ["O", "On", "One."]) {
      session.change({ body });
      await tick(AUTOSAVE - 1);
    }
    assert.equal(posts.writes, 0);
    await tick(1);
    assert.equal(posts.writes, 1);
    assert.equal(stored().body, "One.");
    assert.equal(kind(session), "saved");
    await tick(MINUTE);
    assert.equal(posts.writes, 1);
  });

  it("creates a new post once, and reports it", async () => {
    const session = await open();
    session.change({ title: "New" });
    await tick(AUTOSAVE);
    assert.deepEqual(
      created.map((post) => post.title),
      ["New"],
    );
    session.change({ body: "More." });
    await tick(AUTOSAVE);
    assert.deepEqual(
      posts.calls.map((call) => call.method),
      ["create", "edit"],
    );
  });

  it("saves what was typed while a save was under way", async () => {
    const session = await openStored();
    const release = posts.hold();
    session.change({ body: "One." });
    await tick(AUTOSAVE);
    assert.equal(kind(session), "saving");
    session.change({ body: "One, two." });
    release();
    await settled();
    assert.equal(kind(session), "unsaved");
    await tick(AUTOSAVE);
    assert.equal(stored().body, "One, two.");
  });

  it("never saves a public or scheduled post", async () => {
    for (const status of ["published", "scheduled"] as const) {
      const session = await openStored({ status });
      session.change({ body: "Half a sen" });
      await tick(MINUTE);
      assert.equal(posts.writes, 0);
      assert.equal(kind(session), "unsaved");
      session.discard();
    }
  });

  it("stops after the draft was published elsewhere", async () => {
    const session = await openStored();
    posts.change("P1", { status: "published" });
    session.change({ body: "Before. And half a sen" });
    await tick(MINUTE);
    assert.equal(kind(session), "unsaved");
    assert.equal(stored().body, "Before.");
    assert.ok(await session.save());
    assert.equal(stored().body, "Before. And half a sen");
  });

  it("stops when the API refuses a field, until the author types again", async () => {
    const session = await openStored();
    posts.failWith(new Problem(422, { errors: [{ field: "tags.0", message: "No." }] } as never));
    session.change({ tags: "no/slash" });
    await tick(MINUTE);
    assert.equal(posts.writes, 1);
    assert.deepEqual(session.fieldErrors.value, { tags: "No." });
    session.change({ tags: "fine" });
    await tick(AUTOSAVE);
    assert.deepEqual(session.fieldErrors.value, {});
    assert.deepEqual(stored().tags, ["fine"]);
  });

  it("does not repeat a 412 without another version", async () => {
    const session = await openStored();
    posts.failWith(new Problem(412, {}));
    session.change({ body: "Two." });
    await tick(MINUTE);
    assert.equal(posts.writes, 1);
    assert.deepEqual(session.state.value, {
      kind: "refused",
      message: "Saving failed. Reload the page.",
    });
  });
});

describe("lost responses", () => {
  it("retries after five seconds, and at once when the network is back", async () => {
    const session = await openStored();
    posts.isOffline = true;
    session.change({ body: "One." });
    await tick(AUTOSAVE);
    assert.equal(kind(session), "offline");
    await tick(4_999);
    assert.equal(posts.writes, 1);
    await tick(1);
    assert.equal(posts.writes, 2);
    posts.isOffline = false;
    dispatch("online");
    await settled();
    assert.equal(kind(session), "saved");
    assert.equal(stored().body, "One.");
  });

  it("are no conflict, also if the author typed on", async () => {
    const session = await openStored();
    posts.lose("after");
    session.change({ body: "One." });
    await tick(AUTOSAVE);
    assert.equal(kind(session), "offline");
    session.change({ body: "One, two." });
    await tick(AUTOSAVE);
    assert.equal(kind(session), "saved");
    assert.equal(stored().body, "One, two.");
  });

  it("lead to no second post", async () => {
    const session = await open();
    posts.lose("after");
    session.change({ title: "Once" });
    await tick(AUTOSAVE);
    session.change({ title: "Once only" });
    await tick(AUTOSAVE);
    assert.equal(posts.posts.size, 1);
    assert.equal(stored().title, "Once only");
  });

  it("to a publication are detected", async () => {
    const session = await openStored();
    posts.lose("after");
    void session.save({ status: "published" });
    await settled();
    assert.equal(kind(session), "offline");
    dispatch("online");
    await settled();
    assert.equal(session.post.value?.status, "published");
    assert.equal(kind(session), "saved");
    assert.equal(posts.writes, 1);
  });

  it("to a publication publish nothing that is typed later", async () => {
    const session = await openStored();
    posts.lose("after");
    void session.save({ status: "published" });
    await settled();
    session.change({ body: "Before. And half a sen" });
    await tick(MINUTE);
    assert.equal(kind(session), "unsaved");
    assert.deepEqual([stored().status, stored().body], ["published", "Before."]);
  });

  for (const change of [{}, { status: "draft" }] as const) {
    it(`to ${JSON.stringify(change)} of a public post are not retried`, async () => {
      const session = await openStored({ status: "published" });
      posts.isOffline = true;
      session.change({ body: "Half a sen" });
      assert.equal(await session.save(change), false);
      assert.equal(kind(session), "refused");
      posts.isOffline = false;
      dispatch("online");
      await tick(MINUTE);
      assert.deepEqual([stored().status, stored().body], ["published", "Before."]);
    });
  }
});

describe("buttons", () => {
  it("publish nothing that is typed after the click", async () => {
    const session = await openStored();
    const release = posts.hold();
    session.change({ body: "Ready." });
    await tick(AUTOSAVE);
    const isPublished = session.save({ status: "published" });
    session.change({ body: "Ready. And half a sen" });
    release();
    assert.equal(await isPublished, false);
    assert.equal(stored().status, "draft");
    assert.deepEqual(session.state.value, {
      kind: "refused",
      message: "The text changed while saving. Click again.",
    });
  });

  it("save what an earlier error has left unsaved", async () => {
    const session = await openStored({ status: "published" });
    posts.failWith(new Problem(503, {}));
    session.change({ body: "After." });
    assert.equal(await session.save(), false);
    assert.equal(await session.save(), true);
    assert.equal(stored().body, "After.");
  });
});

describe("conflicts", () => {
  async function inConflict(part: Partial<OwnPost> = {}): Promise<EditSession> {
    const session = await openStored();
    posts.change("P1", { body: "Theirs.", ...part });
    session.change({ body: "Mine." });
    await tick(AUTOSAVE);
    assert.equal(kind(session), "conflict");
    return session;
  }

  it("are not saved before the author decides", async () => {
    const session = await inConflict();
    session.change({ body: "Mine, and more." });
    dispatch("online");
    await tick(MINUTE);
    assert.equal(stored().body, "Theirs.");
    assert.equal(await session.save(), false);
  });

  it("keep both versions, whichever the author chooses", async () => {
    for (const [keep, kept, copied] of [
      ["mine", "Mine.", "Theirs."],
      ["theirs", "Theirs.", "Mine."],
    ] as const) {
      posts = new FakePosts();
      const session = await inConflict();
      await session.decide(keep);
      assert.equal(kind(session), "saved");
      assert.equal(stored().body, kept);
      const copy = posts.posts.get("P2")!;
      assert.deepEqual([copy.title, copy.body], ["A title (other version)", copied]);
      session.discard();
    }
  });

  it("create one copy for two clicks, and publish nothing yet", async () => {
    const session = await inConflict({ status: "published" });
    await Promise.all([session.decide("mine"), session.decide("mine")]);
    assert.equal(posts.calls.filter((call) => call.method === "create").length, 1);
    assert.equal(posts.posts.size, 2);
    await tick(MINUTE);
    assert.equal(kind(session), "unsaved");
    assert.equal(stored().body, "Theirs.");
  });

  it("remain if the copy cannot be created, and a retry creates one copy", async () => {
    const session = await inConflict();
    posts.lose("after");
    await assert.rejects(session.decide("theirs"));
    assert.equal(kind(session), "conflict");
    await session.decide("theirs");
    assert.equal(posts.posts.size, 2);
  });
});

describe("backups", () => {
  it("are deleted when the API has everything", async () => {
    const session = await openStored();
    session.change({ body: "One." });
    assert.equal(backups().length, 1);
    await tick(AUTOSAVE);
    assert.equal(backups().length, 0);
  });

  it("continue in the next editor of the post", async () => {
    posts.isOffline = true;
    const session = await openStored();
    session.change({ body: "Never saved." });
    session.close();
    await settled();
    await closingSaves;
    posts.isOffline = false;
    const next = await open({ ...stored() });
    assert.equal(next.fields.value.body, "Never saved.");
    await tick(AUTOSAVE);
    assert.equal(stored().body, "Never saved.");
  });

  it("become a conflict if the post was edited meanwhile", async () => {
    posts.isOffline = true;
    const session = await openStored();
    session.change({ body: "Never saved." });
    session.close();
    await settled();
    posts.isOffline = false;
    posts.change("P1", { body: "Theirs." });
    const next = await open({ ...stored() });
    assert.equal(kind(next), "conflict");
    assert.equal(next.fields.value.body, "Never saved.");
    next.change({ body: "Typed on." }); // still a conflict in the next editor
    next.close();
    await settled();
    assert.equal(kind(await open({ ...stored() })), "conflict");
  });

  it("prevent that the tab closes if the device stores nothing", async () => {
    const full = () => {
      throw new Error("QuotaExceededError");
    };
    mock.method(localStorage, "setItem", full);
    const session = await openStored();
    session.change({ body: "One." });
    assert.ok(dispatch("beforeunload").defaultPrevented);
    await tick(AUTOSAVE);
    assert.equal(stored().body, "One.");
    assert.ok(!dispatch("beforeunload").defaultPrevented);
    mock.restoreAll();
  });
});

describe("an editor that was closed", () => {
  it("saves once, and reports no new post", async () => {
    const session = await open();
    session.change({ title: "Left at once" });
    session.close();
    await tick(MINUTE);
    assert.equal(posts.writes, 1);
    assert.deepEqual(created, []);
    dispatch("online");
    await settled();
    assert.equal(posts.writes, 1);
  });

  it("saves nothing of a public post", async () => {
    const session = await openStored({ status: "published" });
    session.change({ body: "Half a sen" });
    session.close();
    await tick(MINUTE);
    assert.equal(posts.writes, 0);
  });
});

describe("a post that was deleted elsewhere", () => {
  it("can be saved as a new one", async () => {
    const session = await openStored();
    posts.posts.clear();
    session.change({ body: "After." });
    await tick(AUTOSAVE);
    assert.equal(kind(session), "gone");
    await tick(MINUTE);
    assert.equal(posts.writes, 1);
    await session.saveAsNew();
    assert.equal(stored().body, "After.");
    assert.equal(kind(session), "saved");
  });
});
