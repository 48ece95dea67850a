import { ForMembers, Heading } from "../parts/page";
import { forgetAll, hasUnsaved, lastLeft } from "../writing/backup";
import { logOut, session } from "../session/session";
import { ExportSection } from "./export";
import { LeavingSection } from "./leaving";
import { ProfileForm } from "./profile";

export function AccountPage() {
  return (
    <ForMembers title="Your profile">
      <Account />
    </ForMembers>
  );
}

function Account() {
  if (session.value.status !== "member") return null;
  const { me } = session.value;

  /** Unsaved texts go with the session: the next person at this device must not find them. */
  async function leave() {
    await Promise.race([lastLeft, new Promise((resolve) => setTimeout(resolve, 3000))]);
    const question = "There is text on this device that is not saved. Log out and delete it?";
    if (hasUnsaved(me.author_id) && !confirm(question)) return;
    forgetAll(me.author_id);
    await logOut();
  }

  return (
    <>
      <Heading title="Your profile" />
      <p class="actions">
        {me.name && <a href={`/authors/${me.author_id}`}>As others see you</a>}
        <a href="/me/likes">What you like</a>
        <button type="button" onClick={leave}>
          Log out
        </button>
      </p>
      <ProfileForm />
      <ExportSection />
      <LeavingSection />
    </>
  );
}
