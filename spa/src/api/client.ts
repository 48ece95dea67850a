/**
 * Two clients of the API, with types from its OpenAPI document.
 *
 * `visitor` sends no token. Public content needs none, and the requests stay cacheable and need no
 * preflight.
 * `member` sends the *access token*, and never the id of the user. The API reads `sub` from the token
 * after it has verified the signature. Anybody could send any `sub`, so no request here contains one.
 */
import createClient from "openapi-fetch";

import { accessToken } from "../session/tokens";
import { settings } from "../settings";
import { Unreachable } from "./problem";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

export const visitor = createClient<paths>({ baseUrl: settings.apiUrl, fetch: send });
export const member = createClient<paths>({ baseUrl: settings.apiUrl, fetch: sendWithToken });

const TIMEOUT = 35_000; // milliseconds; API Gateway gives up after 29 s

async function send(request: Request): Promise<Response> {
  try {
    return await fetch(request, { signal: AbortSignal.timeout(TIMEOUT) });
  } catch {
    throw new Unreachable();
  }
}

/** Send with a token. After a 401, renew it once: it may have expired, or its key was withdrawn. */
async function sendWithToken(request: Request): Promise<Response> {
  const response = await send(authorized(request.clone(), await accessToken()));
  if (response.status !== 401) return response;
  return send(authorized(request, await accessToken({ isRenewed: true })));
}

function authorized(request: Request, token: string): Request {
  request.headers.set("Authorization", `Bearer ${token}`);
  return request;
}
