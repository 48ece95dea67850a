/**
 * Auth0's SDK, in a separate chunk. It is loaded after the first paint, and only for users who log in
 * or have logged in here before.
 */
import { createAuth0Client, type Auth0Client } from "@auth0/auth0-spa-js";
import workerUrl from "@auth0/auth0-spa-js/dist/auth0-spa-js.worker.production.js?url";

import { settings } from "../settings";

export function connect(): Promise<Auth0Client> {
  const { domain, clientId, audience } = settings.auth0;
  return createAuth0Client({
    domain,
    clientId,
    authorizationParams: {
      // Without an audience the access token is opaque, and only Auth0's /userinfo accepts it.
      audience,
      // `openid profile` is for the ID token; `offline_access` brings a refresh token.
      scope: "openid profile offline_access",
      redirect_uri: `${location.origin}/callback`,
    },
    // Tokens stay in memory, and the refresh token in a worker, where no script of the page can read
    // it. After a reload the SDK therefore asks Auth0 again, silently, in a hidden frame.
    cacheLocation: "memory",
    useRefreshTokens: true,
    useRefreshTokensFallback: true,
    authorizeTimeoutInSeconds: 8, // a frame reports no network error, only silence
    workerUrl, // the SDK's default is a blob: URL, which the Content-Security-Policy forbids
  });
}
