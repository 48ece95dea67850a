/** The one place that says which API and which tenant: from .env, or the build's environment. */
export const settings = {
  apiUrl: import.meta.env.VITE_API_URL as string,
  auth0: {
    // At the desk an address with its scheme; at Auth0 the tenant's host name.
    domain: import.meta.env.VITE_AUTH0_DOMAIN as string,
    clientId: import.meta.env.VITE_AUTH0_CLIENT_ID as string,
    // The API's identifier. Without it Auth0 issues an opaque token, which no API can verify.
    audience: import.meta.env.VITE_AUTH0_AUDIENCE as string,
  },
};
