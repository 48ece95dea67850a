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
import { messageOf, taken } from "../api/problem";
import { notify } from "../parts/notices";
import { auth0 } from "./tokens";

export type Account = Schemas["Account"];

type Session =
  | { readonly status: "unknown" } // a silent login is under way, or will be
  | { readonly status: "visitor" }
  | { readonly status: "member"; readonly me: Account; readonly nickname: string };

/** Set while somebody is logged in, so that visitors never load the SDK. */
const BEEN_HERE = "blog.been-here";
const hasBeenHere = localStorage.getItem(BEEN_HERE) !== null;
const isCallback = location.pathname === "/callback";

export const session = signal<Session>({
  status: hasBeenHere || isCallback ? "unknown" : "visitor",
});

/** Log in silently after a reload, or finish a login; the path to go to, if there is one. */
export async function restore(): Promise<string | undefined> {
  if (session.value.status !== "unknown") return undefined;
  try {
    const client = await auth0();
    let returnTo: string | undefined;
    if (isCallback) {
      const { appState } = await client.handleRedirectCallback<{ returnTo: string }>();
      returnTo = appState?.returnTo ?? "/";
    } else {
      await client.checkSession();
    }
    const user = await client.getUser();
    if (!user) {
      leave();
      return returnTo;
    }
    const me = await enter(user);
    return isCallback && me.name === null ? "/me" : returnTo;
  } catch (error) {
    notify("failure", isCallback ? `The login failed. ${reason(error)}` : reason(error));
    session.value = { status: "visitor" };
    return isCallback ? "/" : undefined;
  }
}

async function enter(user: User): Promise<Account> {
  localStorage.setItem(BEEN_HERE, "");
  const me = await taken(member.GET("/me"));
  session.value = { status: "member", me, nickname: user.nickname ?? "" };
  return me;
}

function leave(): void {
  localStorage.removeItem(BEEN_HERE);
  session.value = { status: "visitor" };
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
  leave();
  await client.logout({ logoutParams: { returnTo: location.origin } });
}

/** Their own profile, after it was edited. */
export function update(me: Account): void {
  if (session.value.status === "member") session.value = { ...session.value, me };
}

export function isMine(authorId: string): boolean {
  return session.value.status === "member" && session.value.me.author_id === authorId;
}
