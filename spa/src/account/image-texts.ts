import type { Schemas } from "../api/client";

export type ImageUse = Schemas["ImageUse"];

const MOST = 10; // titles in a question
const MANY = 100; // the API counts no further
const UNITS = ["kilobyte", "megabyte", "gigabyte"] as const;

/** Return the question to ask before an image is deleted, with the posts that use it. */
export function deletionQuestion(posts: readonly ImageUse[]): string {
  const [first, ...more] = posts;
  if (!first) return "Delete this image?";
  if (more.length === 0) {
    return `Delete this image? Your post “${first.title}” uses it, and will be shown without it.`;
  }
  const names = posts.slice(0, MOST).map((post) => `“${post.title}”`);
  if (posts.length > MOST) names.push(others(posts.length - MOST, posts.length));
  const list = new Intl.ListFormat("en").format(names);
  return `Delete this image? Your posts ${list} use it, and will be shown without it.`;
}

/** Name the posts that are left out of a list, of so many in all. */
export function others(count: number, all: number): string {
  return `${count}${all < MANY ? "" : " or more"} ${count === 1 ? "other" : "others"}`;
}

/** Return a number of bytes for users, in units of a thousand as the API counts. */
export function fileSize(bytes: number): string {
  let [size, power] = [bytes / 1000, 0];
  for (; size >= 1000 && power < UNITS.length - 1; power += 1) size /= 1000;
  const style = { style: "unit", unit: UNITS[power], maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat("en", style).format(size);
}
