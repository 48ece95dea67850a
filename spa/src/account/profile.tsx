import { useState } from "preact/hooks";

import { member } from "../api/client";
import { messageOf, Problem, unwrap } from "../api/problem";
import { TextArea, TextField } from "../components/field";
import { notify } from "../components/notices";
import { DateTime } from "../components/text";
import { session, update, type Account } from "../session/session";
import { profileChanges } from "./profile-changes";

/**
 * The form for the public profile. An access token contains no name, so the user chooses one here. The
 * form proposes the nickname of the ID token, because Auth0's `name` is often an e-mail address.
 */
export function ProfileForm() {
  const current = session.value;
  return current.status === "member" ? <Form me={current.me} nickname={current.nickname} /> : null;
}

function Form({ me, nickname }: { me: Account; nickname: string }) {
  const [name, setName] = useState(me.name ?? nickname);
  const [bio, setBio] = useState(me.bio ?? "");
  const [picture, setPicture] = useState(me.picture ?? "");
  const [website, setWebsite] = useState(me.website ?? "");
  const [approves, setApproves] = useState(me.approves_first_comments);
  const [error, setError] = useState<unknown>();
  const fieldErrors = error instanceof Problem ? error.fields : {};

  async function save(event: Event) {
    event.preventDefault();
    setError(undefined);
    const body = profileChanges(me, { name, bio, picture, website, approves });
    try {
      update(await unwrap(member.PATCH("/me", { body })));
      notify("success", "Profile saved.");
    } catch (failure) {
      setError(failure);
    }
  }

  return (
    <form class="stack" onSubmit={save}>
      {me.profile_cleared ? (
        <p class="failure">
          A moderator cleared your profile on <DateTime at={me.profile_cleared.at} />:{" "}
          {me.profile_cleared.reason} Until a moderator ends this, you cannot set your name, your
          text and your picture.
        </p>
      ) : (
        <>
          {me.name === null && <p>Choose the name that appears on your posts and comments.</p>}
          <TextField
            label="Name"
            value={name}
            onValue={setName}
            error={fieldErrors.name}
            required
          />
          <TextArea label="About you" value={bio} onValue={setBio} error={fieldErrors.bio} />
          <TextField
            label="Picture"
            hint="The https address of an image"
            type="url"
            value={picture}
            onValue={setPicture}
            error={fieldErrors.picture}
          />
        </>
      )}
      <TextField
        label="Website"
        type="url"
        value={website}
        onValue={setWebsite}
        error={fieldErrors.website}
      />
      <label class="check">
        <input
          type="checkbox"
          checked={approves}
          onChange={(event) => setApproves(event.currentTarget.checked)}
        />
        Approve the first comments of newcomers before they appear
      </label>
      {error !== undefined && Object.keys(fieldErrors).length === 0 && (
        <p class="error" role="alert">
          {messageOf(error)}
        </p>
      )}
      <p>
        <button type="submit" class="primary">
          Save
        </button>
      </p>
    </form>
  );
}
