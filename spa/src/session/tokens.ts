import type { Auth0Client } from "@auth0/auth0-spa-js";

import { LoginNeeded, Unreachable } from "../api/problem";

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
 * The access token, for the API; `renewed` takes a new one even where the old one looks good.
 * Throws LoginNeeded or Unreachable.
 */
export async function accessToken({ renewed = false } = {}): Promise<string> {
  const client = await auth0().catch(() => {
    throw new Unreachable();
  });
  try {
    const token = await client.getTokenSilently({ cacheMode: renewed ? "off" : "on" });
    if (token) return token;
  } catch (error) {
    // Auth0's refusals have a code; what has none did not get there.
    const code = (error as { error?: string }).error;
    if (code === undefined || code === "timeout") throw new Unreachable();
  }
  throw new LoginNeeded();
}
