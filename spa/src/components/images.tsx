import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { coverSources, fullSources, imageUrl } from "../api/images";

/** The cover of a post in a list. */
export function CardCover({ url }: { url: string | null }) {
  return (
    url && <Cover src={imageUrl(url, 480)} width={160} height={120} loading="lazy" key={url} />
  );
}

/** The cover of a post on its page. */
export function PostCover({ url }: { url: string | null }) {
  return (
    url && (
      <Cover
        class="cover"
        src={imageUrl(url, 960)}
        srcset={coverSources(url)}
        sizes="(min-width: 44rem) 42rem, 100vw"
        width={1600}
        height={800}
        key={url}
      />
    )
  );
}

/** An image that disappears if it cannot be loaded: its owner may have deleted it. */
function Cover(attributes: JSX.ImgHTMLAttributes) {
  const [isGone, setGone] = useState(false);
  const image = useRef<HTMLImageElement>(null);
  useEffect(() => {
    if (image.current) ifBroken(image.current, () => setGone(true));
  }, []);
  return isGone ? null : <img alt="" {...attributes} ref={image} onError={() => setGone(true)} />;
}

/** Act if an image of the server's page failed before anything listened to it. */
function ifBroken(image: HTMLImageElement, act: () => void): void {
  // An SVG file may have no width.
  if (image.complete && image.naturalWidth === 0) image.decode().catch(act);
}

/** Give the images of a text full addresses. This must happen before a document loads them. */
export function addressImages(text: ParentNode): void {
  for (const image of text.querySelectorAll("img")) {
    const [src, srcset] = [image.getAttribute("src"), image.getAttribute("srcset")];
    if (src) image.setAttribute("src", imageUrl(src));
    if (srcset) image.setAttribute("srcset", fullSources(srcset));
  }
}

/**
 * Show the average colour of each image until it is loaded. The policy of the page forbids `style` in
 * HTML, but not this.
 */
export function colorImages(text: ParentNode): void {
  for (const image of text.querySelectorAll("img")) {
    const show = (isMissing: boolean) => {
      image.style.backgroundColor = "";
      image.classList.toggle("missing", isMissing);
    };
    const fail = () => {
      show(true);
      image.removeAttribute("sizes"); // `auto` would keep a box larger than the alternative text
    };
    if (image.complete && image.naturalWidth > 0) continue;
    image.style.backgroundColor = image.dataset.color ?? "";
    image.addEventListener("load", () => show(false));
    image.addEventListener("error", fail);
    ifBroken(image, fail);
  }
}
