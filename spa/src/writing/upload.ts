import { member, type Schemas } from "../api/client";
import { imageUrl } from "../api/images";
import { unwrap, Unreachable } from "../api/problem";

const TYPES = ["image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"] as const;
export const ACCEPTED = TYPES.join();
const CHECKS = 20; // one second apart

/** An error that the user can correct, for example by choosing another file. */
export class UploadError extends Error {}

/**
 * Upload an image in three steps: the API signs a form for exactly this type and size, the browser
 * sends the form with the file to the bucket, and the API serves the image after inspecting it.
 *
 * `onProgress` gets the fraction that is sent, from 0 to 1. Return the URL for use in posts.
 */
export async function upload(file: File, onProgress: (fraction: number) => void): Promise<string> {
  const type = TYPES.find((one) => one === file.type);
  if (!type) throw new UploadError("Choose a PNG, JPEG, WebP, GIF or AVIF image.");
  const body = { content_type: type, size: file.size };
  const created = await unwrap(member.POST("/media", { body }));
  await send(created.upload, file, onProgress);
  for (let check = 0; check < CHECKS; check += 1) {
    if (await isAvailable(created.media.url)) return created.media.url;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  throw new UploadError("The server rejected this file: it is not a valid image of its type.");
}

/** Send the file with XMLHttpRequest, because fetch does not report the progress of an upload. */
function send(form: Schemas["UploadForm"], file: File, onProgress: (fraction: number) => void) {
  const data = new FormData();
  for (const [name, value] of Object.entries(form.fields)) data.append(name, value);
  data.append("file", file);
  return new Promise<void>((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.onprogress = (event) => onProgress(event.loaded / event.total);
    request.onload = () => (request.status < 300 ? resolve() : reject(new Unreachable()));
    request.onerror = () => reject(new Unreachable());
    request.ontimeout = () => reject(new Unreachable());
    request.timeout = 10 * 60 * 1000; // as long as the form is valid
    request.open("POST", form.url);
    request.send(data);
  });
}

/** Whether the API serves the image: it then redirects to the file. The redirect is not followed. */
async function isAvailable(address: string): Promise<boolean> {
  try {
    const response = await fetch(imageUrl(address), { method: "HEAD", redirect: "manual" });
    return response.type === "opaqueredirect";
  } catch {
    return false; // the network may be back at the next check
  }
}
