import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { changes, EMPTY, hasClash, isResultOf, isSame, type Fields } from "../src/writing/fields";

function fields(part: Partial<Fields>): Fields {
  return { ...EMPTY, title: "A title", ...part };
}

describe("changes", () => {
  it("sends only the fields that differ", () => {
    assert.deepEqual(changes(fields({}), fields({ body: "New." })), { body: "New." });
  });

  it("sends null for an optional field that was cleared", () => {
    assert.deepEqual(changes(fields({ slug: "old" }), fields({})), { slug: null });
  });

  it("splits the tags, and removes duplicates as the API does", () => {
    assert.deepEqual(changes(fields({}), fields({ tags: "Python, python,, e2e " })), {
      tags: ["python", "e2e"],
    });
  });

  it("treats another spelling of the same tags as no change", () => {
    assert.ok(isSame(fields({ tags: "python, e2e" }), fields({ tags: "Python,e2e" })));
  });
});

describe("isResultOf", () => {
  const before = fields({ slug: "a-title", excerpt: "First" });

  it("accepts a slug and an excerpt that the API derived again", () => {
    const own = { ...before, body: "Second" };
    assert.ok(isResultOf(own, { ...own, slug: "a-title-2", excerpt: "Second" }, before));
  });

  it("rejects another slug than the one that was typed", () => {
    const own = { ...before, slug: "typed" };
    assert.ok(!isResultOf(own, { ...own, slug: "theirs" }, before));
  });

  it("accepts tags and addresses in the form that the API stores", () => {
    const own = { ...before, tags: "Python, python", canonical_url: "https://Example.com" };
    const stored = { ...own, tags: "python", canonical_url: "https://example.com/" };
    assert.ok(isResultOf(own, stored, before));
  });

  it("rejects another body", () => {
    assert.ok(!isResultOf({ ...before, body: "Mine" }, { ...before, body: "Theirs" }, before));
  });
});

describe("hasClash", () => {
  it("is true where both sides changed the excerpt differently", () => {
    const [before, mine, theirs] = ["", "Mine", "Theirs"].map((excerpt) => fields({ excerpt }));
    assert.ok(hasClash(before!, mine!, theirs!));
    assert.ok(!hasClash(before!, mine!, before!));
  });
});
