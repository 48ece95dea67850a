import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";

import { visitor } from "../src/api/client";
import { Answers, isAt, parsePageData, withCursor } from "../src/page-data";
import { settings } from "../src/settings";

const LIST = { items: [{ id: "A" }], next_cursor: null };
const DATA = { path: "/posts/a", answers: { "/posts": LIST } };

describe("the data of a page", () => {
  const parsed = (change: object) => parsePageData(JSON.stringify({ ...DATA, ...change }));

  it("is read, and other members are ignored", () => {
    assert.deepEqual(parsed({ site: { name: "A blog" } }), DATA);
    assert.deepEqual(parsed({ answers: {} }), { path: "/posts/a", answers: {} });
  });

  it("keeps texts as they are", () => {
    const html = '</script><!-- <script> "quoted" \u2028 &amp; é 🦊';
    const escaped = JSON.stringify({ path: "/", answers: { "/authors/A": { bio: html } } })
      .replaceAll("<", "\\u003c")
      .replaceAll("\u2028", "\\u2028");
    assert.deepEqual(parsePageData(escaped)?.answers["/authors/A"], { bio: html });
  });

  it("is not there if it is absent or damaged", () => {
    for (const text of [undefined, null, "", " ", "null", "1", '"/"', "[]", "{}", '{"path": "/"']) {
      assert.equal(parsePageData(text), undefined, String(text));
    }
    for (const change of [
      { path: undefined },
      { path: 1 },
      { answers: undefined },
      { answers: null },
      { answers: [LIST] },
      { answers: "{}" },
      { answers: { "/posts": null } },
      { answers: { "/posts": "A" } },
      { answers: { "/posts": [LIST] } },
      { answers: { "/posts": LIST, "/tags?limit=100": { items: "A", next_cursor: null } } },
      { answers: { "/posts": { next_cursor: null } } },
    ]) {
      assert.equal(parsed(change), undefined, JSON.stringify(change));
    }
  });
});

describe("the address of a page", () => {
  const at = (path: string, address: string) => isAt(path, new URL(address, "https://example.com"));

  it("is that of the browser, however both are encoded", () => {
    for (const [path, address] of [
      ["/", "/"],
      ["/posts/a", "/posts/a#heading"],
      ["/posts/a", "/posts/a/"],
      ["/tags", "/tags?utm_source=mail&x"],
      ["/tags/c%23", "/tags/c%23"],
      ["/tags/a'b", "/tags/a%27b"],
      ["/tags/%C3%A9", "/tags/é"],
      ["/tags/%c3%a9", "/tags/%C3%A9"],
      ["/tags/a%26b?cursor=A_-1", "/tags/a&b?x=1&cursor=A_-1"],
      ["/?cursor=", "/"],
    ] as const) {
      assert.ok(at(path, address), `${path} is at ${address}`);
    }
  });

  it("is another one with another path or cursor", () => {
    for (const [path, address] of [
      ["/", "/tags"],
      ["/posts/a", "/posts/b"],
      ["/posts/a", "/posts/A"],
      ["/tags/a", "/tags"],
      ["/tags/a%2Fb", "/tags/a/b/c"],
      ["/", "/?cursor=A"],
      ["/?cursor=A", "/"],
      ["/?cursor=A", "/?cursor=B"],
      ["/?cursor=A", "/?page=A"],
      ["/posts/%E0", "/no-such-page"],
    ] as const) {
      assert.ok(!at(path, address), `${path} is not at ${address}`);
    }
  });
});

describe("an answer in a page", () => {
  const offered = (answers: Record<string, unknown>) => {
    const all = new Answers();
    all.offer({ path: "/", answers });
    return all;
  };

  it("is used once", () => {
    const answers = offered({ "/posts": LIST, "/tags?limit=100": LIST });
    assert.equal(answers.take("/posts"), LIST);
    assert.equal(answers.take("/posts"), undefined);
    assert.equal(answers.take("/tags?limit=100"), LIST);
  });

  it("is found under its exact path alone", () => {
    const answers = offered({ "/posts?tag=a": LIST });
    for (const other of ["/posts", "/posts?tag=A", "/posts?tag=a&cursor=B", "__proto__", "", "/"]) {
      assert.equal(answers.take(other), undefined, other);
    }
    assert.equal(answers.take("/posts?tag=a"), LIST);
  });

  it("is gone after the first render", () => {
    const answers = offered({ "/posts": LIST });
    answers.withdraw();
    assert.equal(answers.take("/posts"), undefined);
  });

  it("is missing where there is no page", () => {
    assert.equal(new Answers().take("/posts"), undefined);
    assert.equal(offered({}).take("/posts"), undefined);
  });
});

describe("the path of an answer", () => {
  /** Assert that a call of the client requests a path; a URL writes a few characters in its own way. */
  async function requests(call: () => Promise<unknown>, path: string): Promise<void> {
    const fetched = mock.method(globalThis, "fetch", () => Promise.resolve(Response.json(LIST)));
    await call();
    fetched.mock.restore();
    const { url } = fetched.mock.calls[0]!.arguments[0] as Request;
    assert.equal(url, new URL(settings.apiUrl + path).href);
  }

  const TEXTS = [
    "a",
    "c#",
    "c++",
    "a b",
    "a&b",
    "rock'n'roll",
    "(a)",
    "día·a",
    "日本",
    "%25",
    "é?/",
  ];

  it("is what the app requests", async () => {
    const start = "A-z_9";
    for (const cursor of [undefined, start]) {
      const list = { params: { query: { cursor } } };
      await requests(() => visitor.GET("/posts", list), withCursor("/posts", cursor));
      const tags = { params: { query: { limit: 100, cursor } } };
      await requests(() => visitor.GET("/tags", tags), withCursor("/tags?limit=100", cursor));
    }
    for (const text of TEXTS) {
      const encoded = encodeURIComponent(text);
      for (const cursor of [undefined, start]) {
        for (const name of ["tag", "author"] as const) {
          const some = { params: { query: { [name]: text, cursor } } };
          const path = withCursor(`/posts?${name}=${encoded}`, cursor);
          await requests(() => visitor.GET("/posts", some), path);
        }
        const comments = { params: { path: { post_id: text }, query: { limit: 50, cursor } } };
        const path = withCursor(`/posts/${encoded}/comments?limit=50`, cursor);
        await requests(() => visitor.GET("/posts/{post_id}/comments", comments), path);
      }
      const post = { params: { path: { slug: text } } };
      await requests(() => visitor.GET("/posts/by-slug/{slug}", post), `/posts/by-slug/${encoded}`);
      const author = { params: { path: { author_id: text } } };
      await requests(() => visitor.GET("/authors/{author_id}", author), `/authors/${encoded}`);
    }
  });

  it("has no cursor at the beginning of a list", () => {
    assert.equal(withCursor("/posts", undefined), "/posts");
    assert.equal(withCursor("/posts?tag=a", ""), "/posts?tag=a");
  });
});
