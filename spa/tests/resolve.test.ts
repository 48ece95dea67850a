import assert from "node:assert/strict";
import { describe, it } from "node:test";

import "./fakes";
import { LoginNeeded, Problem, Unreachable } from "../src/api/problem";
import { EMPTY, fieldsOf, type Fields } from "../src/writing/fields";
import {
  accept,
  afterError,
  compare,
  compareBackup,
  nextWrite,
  type Snapshot,
  type WriteRequest,
} from "../src/writing/resolve";
import { newPost } from "./fakes";

const draft = newPost(1, { title: "A title", body: "Saved.", slug: "a-title", version: 3 });
const published = { ...draft, status: "published" as const };
const saved = fieldsOf(draft);
const typed: Fields = { ...saved, body: "Typed." };

function snapshot(part: Partial<Snapshot> = {}): Snapshot {
  return { post: draft, saved, typed, attempts: [], ...part };
}

const automatic: WriteRequest = { isAutomatic: true, isOutdated: false, change: {} };
const button: WriteRequest = { ...automatic, isAutomatic: false };

describe("nextWrite", () => {
  it("sends the changed fields of a draft automatically", () => {
    const next = nextWrite(snapshot(), automatic);
    assert.deepEqual(next, { kind: "edit", body: { body: "Typed." } });
  });

  it("sends nothing of a public or scheduled post automatically", () => {
    for (const status of ["published", "scheduled"] as const) {
      const next = nextWrite(snapshot({ post: { ...draft, status } }), automatic);
      assert.deepEqual(next, { kind: "settle" });
    }
  });

  it("sends the fields and the status together", () => {
    const next = nextWrite(snapshot(), { ...button, change: { status: "published" } });
    assert.deepEqual(next, { kind: "edit", body: { body: "Typed.", status: "published" } });
  });

  it("publishes nothing that was typed after the button was pressed", () => {
    const outdated = { ...button, isOutdated: true };
    for (const [post, change] of [
      [draft, { status: "published" }],
      [published, {}],
      [published, { status: "draft" }],
    ] as const) {
      const next = nextWrite(snapshot({ post }), { ...outdated, change });
      assert.equal(next.kind === "stop" && next.state.kind, "refused");
    }
    assert.equal(nextWrite(snapshot(), outdated).kind, "edit"); // a draft that remains one
  });

  it("needs a title to create a post", () => {
    const untitled = { ...EMPTY, title: " ", body: "Typed." };
    const next = nextWrite(snapshot({ post: undefined, saved: EMPTY, typed: untitled }), automatic);
    const state = { kind: "refused", message: "Add a title to save." };
    assert.deepEqual(next, { kind: "stop", state });
  });

  it("creates nothing while nothing is typed", () => {
    const next = nextWrite(snapshot({ post: undefined, saved: EMPTY, typed: EMPTY }), automatic);
    assert.deepEqual(next, { kind: "stop", state: { kind: "saved" } });
  });

  it("settles without changes, and compares if an earlier write may have arrived", () => {
    assert.deepEqual(nextWrite(snapshot({ typed: saved }), automatic), { kind: "settle" });
    const next = nextWrite(snapshot({ typed: saved, attempts: [typed] }), automatic);
    assert.deepEqual(next, { kind: "compare" });
  });
});

describe("accept", () => {
  it("follows a derived slug and excerpt, and keeps what was typed since", () => {
    const sent = { ...saved, body: "Sent." };
    const result = accept(
      { saved, typed: { ...sent, body: "Typed later." } },
      { ...draft, body: "Sent.", excerpt: "Sent.", slug: "new" },
      sent,
    );
    assert.deepEqual(result.typed, {
      ...sent,
      body: "Typed later.",
      excerpt: "Sent.",
      slug: "new",
    });
    assert.deepEqual(result.saved, { ...sent, excerpt: "Sent.", slug: "new" });
  });

  it("leaves a cleared excerpt empty, because the author may type another", () => {
    const before = { ...saved, excerpt: "Old." };
    const sent = { ...before, excerpt: "" };
    const result = accept({ saved: before, typed: sent }, { ...draft, excerpt: "Derived." }, sent);
    assert.equal(result.typed.excerpt, "");
    assert.equal(result.saved.excerpt, "");
  });
});

describe("compare", () => {
  it("finds the same version", () => {
    assert.deepEqual(compare(snapshot(), draft), { kind: "same" });
  });

  it("recognizes a write whose response was lost, also after more was typed", () => {
    const sent = { ...saved, tags: "Python, python" };
    const theirs = { ...draft, version: 4, tags: ["python"] };
    const result = compare(snapshot({ attempts: [sent] }), theirs);
    assert.deepEqual(result, { kind: "ours", sent });
  });

  it("continues if only the status changed elsewhere", () => {
    const result = compare(snapshot(), { ...published, version: 4 });
    assert.deepEqual(result, { kind: "ours", sent: saved });
  });

  it("continues if the same text was saved elsewhere", () => {
    const result = compare(snapshot(), { ...draft, version: 4, body: "Typed." });
    assert.deepEqual(result, { kind: "ours", sent: typed });
  });

  it("is a conflict if another text was saved elsewhere", () => {
    const result = compare(snapshot(), { ...draft, version: 4, body: "Theirs." });
    assert.deepEqual(result, { kind: "conflict" });
  });

  it("is a conflict if both sides typed an excerpt", () => {
    const mine = { ...saved, excerpt: "Mine." };
    const result = compare(snapshot({ typed: mine }), { ...draft, version: 4, excerpt: "Theirs." });
    assert.deepEqual(result, { kind: "conflict" });
  });

  it("asks the same of a backup", () => {
    const backup = { postId: "P1", version: 3, before: saved, fields: typed, attempts: [] };
    const kindFor = (part: object) => compareBackup(backup, { ...draft, ...part }).kind;
    assert.equal(kindFor({}), "same");
    assert.equal(kindFor({ version: 4, body: "Typed." }), "ours");
    assert.equal(kindFor({ version: 4, body: "Theirs." }), "conflict");
  });
});

describe("afterError", () => {
  it("keeps a draft for a retry if there is no response, or an unclear one", () => {
    for (const error of [new Unreachable(), new Problem(504, {}), new Problem(429, {})]) {
      const state = { kind: "offline" };
      assert.deepEqual(afterError(error, draft), { kind: "state", state, isRejected: false });
    }
  });

  it("does not retry a write to a public post", () => {
    const failure = afterError(new Unreachable(), published);
    assert.equal(failure.kind === "state" && failure.state.kind, "refused");
  });

  it("tells an ended session, a deleted post and another version apart", () => {
    const kindOf = (error: Error) => {
      const failure = afterError(error, draft);
      return failure.kind === "state" ? failure.state.kind : failure.kind;
    };
    assert.equal(kindOf(new LoginNeeded()), "login");
    assert.equal(kindOf(new Problem(404, {})), "gone");
    assert.equal(kindOf(new Problem(412, {})), "compare");
  });

  it("shows the errors at their fields", () => {
    const errors = [{ field: "tags.3", message: "Too long." }];
    const failure = afterError(new Problem(422, { errors } as never), draft);
    assert.deepEqual(failure.kind === "state" && failure.fieldErrors, { tags: "Too long." });
    assert.ok(failure.kind === "state" && failure.isRejected);
  });

  it("shows a slug that is taken at its field", () => {
    const failure = afterError(new Problem(409, { detail: "The slug is taken." }), draft);
    assert.deepEqual(failure.kind === "state" && failure.fieldErrors, {
      slug: "The slug is taken.",
    });
  });
});
