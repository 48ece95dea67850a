import type { Schemas } from "../api/client";

export type OwnPost = Schemas["OwnPost"];
type Changes = Partial<Schemas["PostChanges"]>;

/** A post as the editor's form holds it: texts, and "" where there is none. */
export interface Fields {
  readonly title: string;
  readonly body: string;
  readonly tags: string; // with commas between them, which no tag can hold
  readonly excerpt: string;
  readonly slug: string;
  readonly cover_image: string;
  readonly canonical_url: string;
  readonly comments: "open" | "closed";
}

export const EMPTY: Fields = {
  title: "",
  body: "",
  tags: "",
  excerpt: "",
  slug: "",
  cover_image: "",
  canonical_url: "",
  comments: "open",
};

export function fieldsOf(post: OwnPost): Fields {
  return {
    title: post.title,
    body: post.body,
    tags: post.tags.join(", "),
    excerpt: post.excerpt,
    slug: post.slug,
    cover_image: post.cover_image ?? "",
    canonical_url: post.canonical_url ?? "",
    comments: post.comments,
  };
}

/** What to send so that a post with the fields `before` gets the fields `after`. */
export function changes(before: Fields, after: Fields): Changes {
  const sent: { -readonly [name in keyof Changes]: Changes[name] } = {};
  if (after.title !== before.title) sent.title = after.title;
  if (after.body !== before.body) sent.body = after.body;
  if (tagsOf(after).join() !== tagsOf(before).join()) sent.tags = tagsOf(after);
  if (after.comments !== before.comments) sent.comments = after.comments;
  for (const name of ["excerpt", "slug", "cover_image", "canonical_url"] as const) {
    if (after[name] !== before[name]) sent[name] = after[name] || null; // null: derived, or none
  }
  return sent;
}

function tagsOf(fields: Fields): string[] {
  return fields.tags
    .split(",")
    .map((tag) => tag.trim())
    .filter(Boolean);
}

export function isSame(one: Fields, other: Fields): boolean {
  return Object.keys(changes(one, other)).length === 0;
}
