/** What the types must allow: tell the members of each union apart, and leave out what has a default. */
import type { components } from "./schema";
import type { CommentPage, FollowsPage, LikesPage } from "./typescript-fetch";

type Schemas = components["schemas"];

export function comment(entry: Schemas["CommentPage"]["items"][number]): string {
  if (!("deleted" in entry)) return entry.body;
  const tombstone: Schemas["Tombstone"] = entry;
  return tombstone.id;
}

export function like(item: Schemas["LikesPage"]["items"][number]): string {
  if (!("available" in item)) return item.title;
  const unavailable: Schemas["UnavailableItem"] = item;
  return unavailable.id;
}

export function follow(item: Schemas["FollowsPage"]["items"][number]): string {
  return "available" in item ? item.id : item.name;
}

export function fetched(
  entry: CommentPage["items"][number],
  liked: LikesPage["items"][number],
  followed: FollowsPage["items"][number],
): string[] {
  return [
    "deleted" in entry ? entry.id : entry.body,
    "available" in liked ? liked.id : liked.title,
    "available" in followed ? followed.id : followed.name,
  ];
}

export const post: Schemas["NewPost"] = { title: "Hello" };
