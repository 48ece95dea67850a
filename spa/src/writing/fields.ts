import type { OwnPost, PostChanges } from "../api/posts";

/** A post in the editor's form: strings only, and "" for a value that is not set. */
export interface Fields {
  readonly title: string;
  readonly body: string;
  readonly tags: string; // separated by commas, which no tag can contain
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

/** Return the body of a PATCH that turns the fields `before` into the fields `after`. */
export function changes(before: Fields, after: Fields): PostChanges {
  const sent: { -readonly [name in keyof PostChanges]: PostChanges[name] } = {};
  if (after.title !== before.title) sent.title = after.title;
  if (after.body !== before.body) sent.body = after.body;
  if (tagsOf(after).join() !== tagsOf(before).join()) sent.tags = tagsOf(after);
  if (after.comments !== before.comments) sent.comments = after.comments;
  for (const name of ["excerpt", "slug", "cover_image", "canonical_url"] as const) {
    if (after[name] !== before[name]) sent[name] = after[name] || null; // null: not set, or derived by the API
  }
  return sent;
}

/** Return the tags in the form that the API stores, so that they can be compared with its own. */
function tagsOf(fields: Fields): string[] {
  const tags = fields.tags.split(",").map((tag) => tag.normalize("NFC").toLowerCase().trim());
  return [...new Set(tags.filter(Boolean))];
}

function asStored(fields: Fields): Fields {
  return {
    ...fields,
    tags: tagsOf(fields).join(", "),
    cover_image: normalizedUrl(fields.cover_image),
    canonical_url: normalizedUrl(fields.canonical_url),
  };
}

function normalizedUrl(text: string): string {
  return URL.canParse(text) ? new URL(text).href : text;
}

export function isSame(one: Fields, other: Fields): boolean {
  return Object.keys(changes(one, other)).length === 0;
}

/**
 * Whether the API made the fields `stored` of the fields `sent`. It may have derived the slug and the
 * excerpt again if `sent` left them empty or as they were `before`.
 */
export function isResultOf(sent: Fields, stored: Fields, before: Fields): boolean {
  const expected = asStored(sent);
  return NAMES.every((name) => {
    const isDerived = name === "slug" || name === "excerpt";
    const isUntouched = sent[name] === "" || sent[name] === before[name];
    return expected[name] === stored[name] || (isDerived && isUntouched);
  });
}

/** Whether both sides changed the slug or the excerpt, and differently. */
export function hasClash(before: Fields, mine: Fields, theirs: Fields): boolean {
  return (["slug", "excerpt"] as const).some(
    (name) => new Set([before[name], mine[name], theirs[name]]).size === 3,
  );
}

/** Return the title of a copy, at most 200 characters long as the API demands. */
export function copyTitle(title: string): string {
  return `${[...title].slice(0, 180).join("")} (other version)`;
}
