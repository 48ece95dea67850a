import { useState } from "preact/hooks";

import { member, type Schemas } from "../api/client";
import { messageOf, Problem, taken } from "../api/problem";
import { TextArea, TextField } from "../parts/field";
import { notify } from "../parts/notices";
import { session, update, type Account } from "../session/session";

/**
 * An access token carries no name, so the API learns one from here, once. The ID token's nickname is
 * proposed: Auth0's `name` often is an e-mail address, and this one is shown to everyone.
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
  const faults = error instanceof Problem ? error.fields : {};

  async function save(event: Event) {
    event.preventDefault();
    setError(undefined);
    const body = {
      name,
      bio: bio || null,
      picture: picture || null,
      website: website || null,
      approves_first_comments: approves,
    } satisfies Schemas["ProfileChanges"];
    try {
      update(await taken(member.PATCH("/me", { body })));
      notify("success", "Your profile is saved.");
    } catch (failure) {
      setError(failure);
    }
  }

  return (
    <form class="stack" onSubmit={save}>
      {me.name === null && <p>Choose the name that others will see on what you write.</p>}
      <TextField label="Name" value={name} onValue={setName} error={faults.name} required />
      <TextArea label="About you" value={bio} onValue={setBio} error={faults.bio} />
      <TextField
        label="Picture"
        hint="The https address of one"
        type="url"
        value={picture}
        onValue={setPicture}
        error={faults.picture}
      />
      <TextField
        label="Website"
        type="url"
        value={website}
        onValue={setWebsite}
        error={faults.website}
      />
      <label class="check">
        <input
          type="checkbox"
          checked={approves}
          onChange={(event) => setApproves(event.currentTarget.checked)}
        />
        See comments of newcomers before everyone else does
      </label>
      {error !== undefined && Object.keys(faults).length === 0 && (
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
