import { MembersOnly, Heading } from "../components/page";
import { logOut, session } from "../session/session";
import { closingSaves, forgetAll, hasUnsaved } from "../writing/backup";
import { DeleteAccountSection } from "./delete-account";
import { ExportSection } from "./export";
import { ProfileForm } from "./profile";

export function AccountPage() {
  return (
    <MembersOnly title="Your profile">
      <Account />
    </MembersOnly>
  );
}

function Account() {
  if (session.value.status !== "member") return null;
  const { me } = session.value;

  /** Log out and delete unsaved changes: the next user of this device must not see them. */
  async function endSession() {
    await Promise.race([closingSaves, new Promise((resolve) => setTimeout(resolve, 3000))]);
    const question = "This device has unsaved changes. Log out and delete them?";
    if (hasUnsaved(me.author_id) && !confirm(question)) return;
    forgetAll(me.author_id);
    await logOut();
  }

  return (
    <>
      <Heading title="Your profile" />
      <p class="actions">
        {me.name && <a href={`/authors/${me.author_id}`}>View public profile</a>}
        <a href="/me/likes">Liked posts</a>
        <a href="/me/media">My images</a>
        <button type="button" onClick={endSession}>
          Log out
        </button>
      </p>
      <ProfileForm />
      <ExportSection />
      <DeleteAccountSection />
    </>
  );
}
