/**
 * The session of the user. Three terms are easily confused:
 *
 * - The **ID token** tells this app who the user is. The profile form proposes its nickname. It is for
 *   the app, and is never sent to the API.
 * - The **access token** is issued for the API's audience and sent to the API. To the app it is opaque:
 *   no code here reads its content.
 * - **`sub`**, the id of the user, is in both tokens. The API reads it from the access token that it has
 *   verified; the app never sends it. `author_id` in GET /me tells the app what belongs to the user.
 */
import { signal } from "@preact/signals";
import type { User } from "@auth0/auth0-spa-js";

import { member, type Schemas } from "../api/client";
import { LoginNeeded, messageOf, unwrap } from "../api/problem";
import { device, tab } from "../browser-storage";
import { notify } from "../components/notices";
import { accessToken, auth0 } from "./tokens";

export type Account = Schemas["Account"] & {
  readonly profile_cleared?: { readonly reason: string; readonly at: string } | null;
};

/** The public part of a user: what the header shows. */
interface DisplayedUser {
  readonly authorId: string;
  readonly name: string;
}

type Session =
  // Until the silent login is done, the user is the one who was last logged in here.
  | { readonly status: "unknown"; readonly lastUser: DisplayedUser | undefined }
  | { readonly status: "visitor" }
  | { readonly status: "member"; readonly me: Account; readonly nickname: string };

/**
 * The user who was last logged in here, until they log out. Without one, the SDK is not loaded; with
 * one, the page has its final layout at once. It grants nothing: the API relies on the token alone.
 */
const LAST_USER = "blog.face";
const LOGGED_OUT = "blog.logged-out";
const isCallback = location.pathname === "/callback";
const lastUser = device.get<DisplayedUser>(LAST_USER);

export const session = signal<Session>(
  lastUser || isCallback ? { status: "unknown", lastUser } : { status: "visitor" },
);

// A logout in one tab, or a login as another user, applies to all tabs.
addEventListener("storage", (event) => {
  const known = event.key === LAST_USER ? device.get<DisplayedUser>(LAST_USER) : undefined;
  const isAnother = known !== undefined && known.authorId !== displayedUser()?.authorId;
  if (isAnother || event.key === LOGGED_OUT) location.reload();
});

/** Log in silently after a reload, or complete a login; return the path to go to, if any. */
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
    const me = await enter(user!); // defined, because there are tokens
    return isCallback && me.name === null ? "/me" : returnTo;
  } catch (error) {
    notify("failure", isCallback ? `The login failed. ${reason(error)}` : reason(error));
    if (error instanceof LoginNeeded) device.remove(LAST_USER);
    session.value = { status: "visitor" };
    return isCallback ? "/" : undefined;
  }
}

async function enter(user: User): Promise<Account> {
  const me = await unwrap(member.GET("/me"));
  session.value = { status: "member", me, nickname: user.nickname ?? "" };
  storeLastUser();
  return me;
}

function storeLastUser(): void {
  device.set(LAST_USER, displayedUser());
}

function reason(error: unknown): string {
  // Errors of the SDK contain the description that Auth0 sent.
  const description = (error as { error_description?: string }).error_description;
  return description ?? messageOf(error);
}

/** Go to the login page of the tenant (authorization code with PKCE). */
export async function logIn(returnTo = location.pathname + location.search): Promise<void> {
  try {
    await (await auth0()).loginWithRedirect({ appState: { returnTo } });
  } catch {
    notify("failure", "The login page cannot be reached.");
  }
}

export async function logOut(): Promise<void> {
  const client = await auth0();
  tab.removeAll("blog."); // the next user must not see unsent comments
  device.remove(LAST_USER);
  device.set(LOGGED_OUT, Date.now());
  session.value = { status: "visitor" };
  await client.logout({ logoutParams: { returnTo: location.origin } });
}

/** Update the profile of the user after an edit. */
export function update(me: Account): void {
  if (session.value.status !== "member") return;
  session.value = { ...session.value, me };
  storeLastUser();
}

/** Return the user who is logged in, or whose silent login is under way. */
export function displayedUser(): DisplayedUser | undefined {
  const current = session.value;
  if (current.status === "visitor") return undefined;
  if (current.status === "unknown") return current.lastUser;
  return { authorId: current.me.author_id, name: current.me.name ?? "Your profile" };
}

export function isMine(authorId: string): boolean {
  return displayedUser()?.authorId === authorId;
}
