/** What the app checks of a file before it asks the API to upload it as an image. */

const TYPES = ["image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"] as const;
type ImageType = (typeof TYPES)[number];

export const ACCEPTED = [...TYPES, "image/jpg"].join();
const MAX_BYTES = 8 * 1024 * 1024;

/** An error that the user can correct, for example by choosing another file. */
export class UploadError extends Error {}

/** Return the type to announce to the API. Throws UploadError if the API would refuse the file. */
export function typeOf(file: Pick<File, "name" | "type" | "size">): ImageType {
  // Systems that do not know a type leave it empty, and some name JPEG after its usual ending.
  const named = file.type || `image/${file.name.toLowerCase().split(".").at(-1)}`;
  const type = TYPES.find((one) => one === named.replace(/^image\/jpg$/, "image/jpeg"));
  if (!type) throw new UploadError("Choose a PNG, JPEG, WebP, GIF or AVIF image.");
  if (file.size === 0) throw new UploadError("This file is empty.");
  if (file.size > MAX_BYTES) throw new UploadError("This file is larger than 8 MB.");
  return type;
}
