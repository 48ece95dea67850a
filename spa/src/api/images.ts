/** The addresses of images. This blog's own images are paths of the API, which has several widths. */
import { settings } from "../settings";

const OWN = "/media/";
const COVER_WIDTHS = [480, 960, 1600];

/** Return the full URL of an image; of this blog's own, the file with this width or more. */
export function imageUrl(url: string, width?: number): string {
  if (!url.startsWith(OWN)) return url;
  return settings.apiUrl + url + (width ? `?w=${width}` : "");
}

/** Return the `srcset` of a cover. An image of another site has only one file. */
export function coverSources(url: string): string | undefined {
  if (!url.startsWith(OWN)) return undefined;
  return COVER_WIDTHS.map((width) => `${imageUrl(url, width)} ${width}w`).join(", ");
}

/** Return a `srcset` of the API with full URLs. */
export function fullSources(srcset: string): string {
  return srcset
    .split(", ")
    .map((one) => imageUrl(one))
    .join(", ");
}
