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
 * because stored ones may be older than the rules for new ones.
 */
export function profileChanges(me: Account, form: ProfileFields): Schemas["ProfileChanges"] {
  return {
    ...(form.name !== me.name && { name: form.name }),
    ...(form.bio !== (me.bio ?? "") && { bio: form.bio || null }),
    picture: form.picture || null,
    website: form.website || null,
    approves_first_comments: form.approves,
  };
}
