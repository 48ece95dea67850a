import { member, type Schemas } from "../api/client";
import { messageOf, Problem, unwrap, Unreachable } from "../api/problem";
import { typeOf, UploadError } from "./image-file";

/** Milliseconds before each check of an upload: soon at first, and for a minute in all. */
const CHECKS = [...Array<number>(6).fill(500), ...Array<number>(30).fill(2000)];

/**
 * Upload an image in three steps: the API signs a form for exactly this type and size, the browser
 * sends the form with the file to the bucket, and the API says what its inspection has found.
 *
 * `onProgress` gets the fraction that is sent, from 0 to 1. Return the URL for use in posts.
 */
export async function upload(file: File, onProgress: (fraction: number) => void): Promise<string> {
  const body = { content_type: typeOf(file), size: file.size };
  const created = await unwrap(member.POST("/media", { body }));
  await send(created.upload, file, onProgress);
  onProgress(1);
  for (const milliseconds of CHECKS) {
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    const { status, reason } = await inspected(created.media.id);
    if (status === "ready") return created.media.url;
    if (status === "refused") throw new UploadError(reason ?? "This file was refused.");
  }
  throw new UploadError("The image is not inspected yet. Choose it from your images later.");
}

/** Return the message for a user whose upload has failed. */
export function uploadMessage(error: unknown): string {
  if (error instanceof UploadError) return error.message;
  // The API names the field when there is no space left.
  return (error instanceof Problem && error.fields.size) || messageOf(error);
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

/** Return the status of an upload. The network may be back at the next check. */
async function inspected(id: string): Promise<Pick<Schemas["OwnMedia"], "status" | "reason">> {
  try {
    return await unwrap(member.GET("/me/media/{media_id}", { params: { path: { media_id: id } } }));
  } catch (error) {
    if (error instanceof Unreachable) return { status: "pending", reason: null };
    throw error;
  }
}
