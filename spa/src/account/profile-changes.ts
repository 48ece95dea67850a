import type { Schemas } from "../api/client";
import type { Account } from "../session/session";

/** What the form for the profile holds. */
export interface ProfileFields {
  readonly name: string;
  readonly bio: string;
  readonly picture: string;
  readonly website: string;
  readonly approves: boolean;
}

/**
 * Return the body of the PATCH that stores the form. Name and text are only sent when they change,
 * because stored ones may be older than the rules for new ones. While a moderator has cleared the profile,
 * the API refuses a name, a text and a picture.
 */
export function profileChanges(me: Account, form: ProfileFields): Schemas["ProfileChanges"] {
  const others = { website: form.website || null, approves_first_comments: form.approves };
  if (me.profile_cleared) return others;
  return {
    ...(form.name !== me.name && { name: form.name }),
    ...(form.bio !== (me.bio ?? "") && { bio: form.bio || null }),
    picture: form.picture || null,
    ...others,
  };
}
