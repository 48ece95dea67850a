/**
 * Who is logged in, and the three things that are easily taken for one another:
 *
 * - the **ID token** tells this app who you are: its name is what the header greets you by until you
 *   have a profile. It is for the app, and is never sent to the API;
 * - the **access token**, issued for the API's audience, is what the API gets. To the app it is
 *   opaque: nobody here looks into it;
 * - **`sub`**, the user's id, is in both. The API reads it from the access token that it has verified;
 *   the app never sends it. What is whose is told by the API: `author_id` in GET /me.
 */
import { signal } from "@preact/signals";
import type { User } from "@auth0/auth0-spa-js";

import { member, type Schemas } from "../api/client";
import { LoginNeeded, messageOf, taken } from "../api/problem";
import { notify } from "../parts/notices";
import { device, tab } from "../parts/storage";
import { accessToken, auth0 } from "./tokens";

export type Account = Schemas["Account"];

/** What everyone may know of somebody. */
interface Face {
  readonly authorId: string;
  readonly name: string;
}

type Session =
  | { readonly status: "unknown"; readonly face: Face | undefined } // until the silent login is done
  | { readonly status: "visitor" }
  | { readonly status: "member"; readonly me: Account; readonly nickname: string };

/**
 * Who was last logged in here, until they log out: so visitors never load the SDK, and for a member
 * the page can be laid out at once. It opens nothing; the API goes by the token alone.
 */
const FACE = "blog.face";
const LOGGED_OUT = "blog.logged-out";
const isCallback = location.pathname === "/callback";
const kept = device.get<Face>(FACE);

export const session = signal<Session>(
  kept || isCallback ? { status: "unknown", face: kept } : { status: "visitor" },
);

// Whoever logs out in one tab, or in as somebody else, does so in all of them.
addEventListener("storage", (event) => {
  const known = event.key === FACE ? device.get<Face>(FACE) : undefined;
  const isAnother = known !== undefined && known.authorId !== face()?.authorId;
  if (isAnother || event.key === LOGGED_OUT) location.reload();
});

/** Log in silently after a reload, or finish a login; the path to go to, if there is one. */
export async function restore(): Promise<string | undefined> {
  if (session.value.status !== "unknown") return undefined;
  try {
    const client = await auth0();
    let returnTo: string | undefined;
    if (isCallback) {
      const { appState } = await client.handleRedirectCallback<{ returnTo: string }>();
      returnTo = `/${(appState?.returnTo ?? "").replace(/^[/\\]+/, "")}`; // a path of this site
    } else {
      await accessToken(); // silently, in a hidden frame
    }
    const user = await client.getUser();
    const me = await enter(user!); // there is one, as there are tokens
    return isCallback && me.name === null ? "/me" : returnTo;
  } catch (error) {
    notify("failure", isCallback ? `The login failed. ${reason(error)}` : reason(error));
    if (error instanceof LoginNeeded) device.remove(FACE);
    session.value = { status: "visitor" };
    return isCallback ? "/" : undefined;
  }
}

async function enter(user: User): Promise<Account> {
  const me = await taken(member.GET("/me"));
  session.value = { status: "member", me, nickname: user.nickname ?? "" };
  keepFace();
  return me;
}

function keepFace(): void {
  device.set(FACE, face());
}

function reason(error: unknown): string {
  // The SDK's own errors carry Auth0's words.
  const words = (error as { error_description?: string }).error_description;
  return words ?? messageOf(error);
}

/** By the tenant's own page, with code and PKCE. */
export async function logIn(returnTo = location.pathname + location.search): Promise<void> {
  try {
    await (await auth0()).loginWithRedirect({ appState: { returnTo } });
  } catch {
    notify("failure", "The login page cannot be reached.");
  }
}

export async function logOut(): Promise<void> {
  const client = await auth0();
  tab.removeAll("blog."); // half a comment is nobody else's to read
  device.remove(FACE);
  device.set(LOGGED_OUT, Date.now());
  session.value = { status: "visitor" };
  await client.logout({ logoutParams: { returnTo: location.origin } });
}

/** Their own profile, after it was edited. */
export function update(me: Account): void {
  if (session.value.status !== "member") return;
  session.value = { ...session.value, me };
  keepFace();
}

/** Who is here, or was and is about to be again. */
export function face(): Face | undefined {
  const current = session.value;
  if (current.status === "visitor") return undefined;
  if (current.status === "unknown") return current.face;
  return { authorId: current.me.author_id, name: current.me.name ?? "Your profile" };
}

export function isMine(authorId: string): boolean {
  return face()?.authorId === authorId;
}
