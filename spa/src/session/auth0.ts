/**
 * Auth0's SDK, in a chunk of its own: it is loaded after the first paint, and only for those who log
 * in or have done so before.
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
      // For the API. Without an audience the access token is opaque: good for Auth0's /userinfo alone.
      audience,
      // `openid profile` is for the ID token; `offline_access` brings a refresh token.
      scope: "openid profile offline_access",
      redirect_uri: `${location.origin}/callback`,
    },
    // Tokens stay in memory, the refresh token in a worker, where a script of the page cannot take
    // it. So a reload asks Auth0 again, silently, in a hidden frame.
    cacheLocation: "memory",
    useRefreshTokens: true,
    useRefreshTokensFallback: true,
    authorizeTimeoutInSeconds: 8, // a frame tells no fault: one waits, or knows that it is away
    workerUrl, // the SDK's own would be a blob:, which the Content-Security-Policy forbids
  });
}
