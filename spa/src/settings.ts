/** The API and the tenant of this build, from .env or the environment. */
export const settings = {
  apiUrl: import.meta.env.VITE_API_URL as string,
  auth0: {
    // A URL in the local stack; the host name of the tenant at Auth0.
    domain: import.meta.env.VITE_AUTH0_DOMAIN as string,
    clientId: import.meta.env.VITE_AUTH0_CLIENT_ID as string,
    // The identifier of the API. Without it Auth0 issues an opaque token, which no API can verify.
    audience: import.meta.env.VITE_AUTH0_AUDIENCE as string,
  },
};
