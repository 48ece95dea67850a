import { useRef, useState } from "preact/hooks";

import { member, type Schemas } from "../api/client";
import { imageUrl } from "../api/images";
import { unwrap } from "../api/problem";
import { PageEnd } from "../components/loading";
import { moment } from "../components/text";
import { usePages, type Page } from "../hooks/loading";

interface Choice {
  current: string; // the address of the chosen image
  onChoose: (address: string) => void;
}

/** A choice among the user's images, which closes when one is chosen. */
export function ImageChoice({ current, onChoose }: Choice) {
  const [isOpen, setOpen] = useState(false);
  const summary = useRef<HTMLElement>(null);

  function choose(address: string) {
    onChoose(address);
    setOpen(false);
    summary.current?.focus(); // the button that has the focus disappears
  }

  return (
    <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary ref={summary}>Choose from your images</summary>
      {isOpen && <Images current={current} onChoose={choose} />}
    </details>
  );
}

function Images({ current, onChoose }: Choice) {
  const pages = usePages("media", ready);
  return (
    <>
      <ul class="choices">
        {pages.items.map((image) => (
          <li key={image.id}>
            <button
              type="button"
              aria-pressed={image.url === current}
              aria-label={`Image of ${moment(image.created_at)}, ${image.width} × ${image.height} pixels`}
              onClick={() => onChoose(image.url)}
            >
              <img src={imageUrl(image.url, 480)} alt="" width="160" height="120" loading="lazy" />
            </button>
          </li>
        ))}
      </ul>
      <PageEnd
        pages={pages}
        empty="You have no images yet. The images that you upload stay here."
      />
      <p>
        <a href="/me/media">My images</a>
      </p>
    </>
  );
}

async function ready(cursor?: string): Promise<Page<Schemas["OwnMedia"]>> {
  const page = await unwrap(member.GET("/me/media", { params: { query: { cursor } } }));
  return { ...page, items: page.items.filter((image) => image.status === "ready") };
}
