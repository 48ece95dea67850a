import type { Auth0Client } from "@auth0/auth0-spa-js";

import { LoginNeeded, Unreachable } from "../api/problem";

/** Errors that only a new login resolves (OpenID Connect Core §3.1.2.6, RFC 6749 §5.2). */
const LOGIN_ERRORS = new Set([
  "login_required",
  "consent_required",
  "interaction_required",
  "account_selection_required",
  "mfa_required",
  "access_denied",
  "invalid_grant",
  "missing_refresh_token",
]);

let connected: Promise<Auth0Client> | undefined;

export function auth0(): Promise<Auth0Client> {
  connected ??= import("./auth0")
    .then((module) => module.connect())
    .catch((error: unknown) => {
      connected = undefined; // so that the next call tries again
      throw error;
    });
  return connected;
}

/**
 * Return the access token for the API; with `isRenewed`, a new one even if the old one looks valid.
 * Throw LoginNeeded or Unreachable.
 */
export async function accessToken({ isRenewed = false } = {}): Promise<string> {
  const client = await auth0().catch(() => {
    throw new Unreachable();
  });
  try {
    const token = await client.getTokenSilently({ cacheMode: isRenewed ? "off" : "on" });
    if (token) return token;
  } catch (error) {
    const { error: code } = error as { error?: string };
    if (code === undefined || !LOGIN_ERRORS.has(code)) throw new Unreachable();
  }
  throw new LoginNeeded();
}
