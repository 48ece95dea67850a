import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { profileChanges } from "../src/account/profile-changes";
import type { Account } from "../src/session/session";

const me = { name: "Moderator", bio: "Old.", picture: null, website: null } as Account;
const form = { name: "Moderator", bio: "Old.", picture: "", website: "", approves: true };
const rest = { picture: null, website: null, approves_first_comments: true };

describe("profileChanges", () => {
  it("sends no name and no text that stay as they are stored", () => {
    assert.deepEqual(profileChanges(me, form), rest);
  });

  it("sends a new name, and null for a text that was cleared", () => {
    const changed = profileChanges(me, { ...form, name: "Jo", bio: "" });
    assert.deepEqual(changed, { ...rest, name: "Jo", bio: null });
  });

  it("sends the first name", () => {
    assert.equal(profileChanges({ ...me, name: null }, form).name, "Moderator");
  });

  it("sends no name, text and picture while a moderator has cleared the profile", () => {
    const profile_cleared = { reason: "Spam.", at: "2026-01-31T09:30:00.000Z" };
    const cleared = { ...me, name: null, bio: null, profile_cleared };
    const typed = { ...form, picture: "https://example.com/a.png", website: "https://example.com" };
    assert.deepEqual(profileChanges(cleared, typed), {
      website: "https://example.com",
      approves_first_comments: true,
    });
    assert.equal(profileChanges({ ...cleared, profile_cleared: null }, typed).name, "Moderator");
  });
});
