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

export const NAMES = Object.keys(EMPTY) as (keyof Fields)[];

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

/** As the API stores them, so that what it made of a text is known again. */
function tagsOf(fields: Fields): string[] {
  const tags = fields.tags.split(",").map((tag) => tag.normalize("NFC").toLowerCase().trim());
  return [...new Set(tags.filter(Boolean))];
}

function asStored(fields: Fields): Fields {
  return {
    ...fields,
    tags: tagsOf(fields).join(", "),
    cover_image: asAddress(fields.cover_image),
    canonical_url: asAddress(fields.canonical_url),
  };
}

function asAddress(text: string): string {
  return URL.canParse(text) ? new URL(text).href : text;
}

export function isSame(one: Fields, other: Fields): boolean {
  return Object.keys(changes(one, other)).length === 0;
}

/**
 * Whether a post with the fields `known` is what became of the text `own`, or holds nothing that is
 * not in it. Address and excerpt may have been derived anew where `own` left them as `before`.
 */
export function isMadeOf(own: Fields, known: Fields, before: Fields): boolean {
  const stored = asStored(own);
  return NAMES.every((name) => {
    const isDerived = name === "slug" || name === "excerpt";
    const isLeft = own[name] === "" || own[name] === before[name];
    return stored[name] === known[name] || (isDerived && isLeft);
  });
}

/** Whether two people, or two tabs, gave a post another address or excerpt each. */
export function hasClash(before: Fields, mine: Fields, theirs: Fields): boolean {
  return (["slug", "excerpt"] as const).some(
    (name) => new Set([before[name], mine[name], theirs[name]]).size === 3,
  );
}
