import { member, pictureUrl, type Schemas } from "../api/client";
import { taken, Unreachable } from "../api/problem";

const TYPES = ["image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"] as const;
export const ACCEPTED = TYPES.join();
const LOOKS = 20; // a second apart

/** Something that the person can change: another file, say. */
export class NotAPicture extends Error {}

/**
 * Upload a picture, in three steps: the API signs a form for exactly this type and size, the browser
 * sends file and form to the bucket, and the API shows the picture once it was looked at.
 *
 * `onProgress` gets the part that is sent, 0 to 1. Returns the address that posts use.
 */
export async function upload(file: File, onProgress: (part: number) => void): Promise<string> {
  const type = TYPES.find((one) => one === file.type);
  if (!type) throw new NotAPicture("Choose a PNG, JPEG, WebP, GIF or AVIF picture.");
  const body = { content_type: type, size: file.size };
  const made = await taken(member.POST("/media", { body }));
  await send(made.upload, file, onProgress);
  for (let look = 0; look < LOOKS; look += 1) {
    if (await isThere(made.media.url)) return made.media.url;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  throw new NotAPicture("The server did not take this file for the picture that it claims to be.");
}

/** By XMLHttpRequest, because fetch tells no progress. */
function send(form: Schemas["UploadForm"], file: File, onProgress: (part: number) => void) {
  const data = new FormData();
  for (const [name, value] of Object.entries(form.fields)) data.append(name, value);
  data.append("file", file);
  return new Promise<void>((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.onprogress = (event) => onProgress(event.loaded / event.total);
    request.onload = () => (request.status < 300 ? resolve() : reject(new Unreachable()));
    request.onerror = () => reject(new Unreachable());
    request.ontimeout = () => reject(new Unreachable());
    request.timeout = 10 * 60 * 1000; // as long as the form holds
    request.open("POST", form.url);
    request.send(data);
  });
}

/** It redirects to where the picture lies, which is not followed, as soon as it may be shown. */
async function isThere(address: string): Promise<boolean> {
  try {
    const answer = await fetch(pictureUrl(address), { method: "HEAD", redirect: "manual" });
    return answer.type === "opaqueredirect";
  } catch {
    return false; // the network may be back for the next look
  }
}
