/**
 * The API's two clients, typed by its OpenAPI document.
 *
 * `visitor` sends no token: what is public needs none, stays cacheable, and asks for no preflight.
 * `member` sends the *access token*, and never says who the user is: the API reads `sub` out of the
 * token, after it has verified the signature. A `sub` that an app sends is a claim that anybody can
 * make; that is why there is none in any request here.
 */
import createClient from "openapi-fetch";

import { accessToken } from "../session/tokens";
import { settings } from "../settings";
import { Unreachable } from "./problem";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

export const visitor = createClient<paths>({ baseUrl: settings.apiUrl, fetch: send });
export const member = createClient<paths>({ baseUrl: settings.apiUrl, fetch: sendWithToken });

const LONGEST = 35_000; // milliseconds; API Gateway gives up after 29 s

async function send(request: Request): Promise<Response> {
  try {
    return await fetch(request, { signal: AbortSignal.timeout(LONGEST) });
  } catch {
    throw new Unreachable();
  }
}

/** A 401 renews the token once: it may have expired on the way, or a key was withdrawn. */
async function sendWithToken(request: Request): Promise<Response> {
  const answer = await send(authorized(request.clone(), await accessToken()));
  if (answer.status !== 401) return answer;
  return send(authorized(request, await accessToken({ renewed: true })));
}

function authorized(request: Request, token: string): Request {
  request.headers.set("Authorization", `Bearer ${token}`);
  return request;
}

/** Where a cover or a picture is: the blog's own are paths of the API. */
export function pictureUrl(address: string): string {
  return address.startsWith("/media/") ? settings.apiUrl + address : address;
}
