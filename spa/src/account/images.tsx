import { useState } from "preact/hooks";

import { member, type Schemas } from "../api/client";
import { imageUrl } from "../api/images";
import { isStatus, messageOf, unwrap } from "../api/problem";
import { PageEnd } from "../components/loading";
import { notify } from "../components/notices";
import { MembersOnly, Heading } from "../components/page";
import { DateTime } from "../components/text";
import { usePages } from "../hooks/loading";
import { deletionQuestion, fileSize, others, type ImageUse } from "./image-texts";

type Image = Schemas["OwnMedia"];
type Space = Pick<Schemas["OwnMediaPage"], "used_bytes" | "quota_bytes">;

export function MyImagesPage() {
  return (
    <MembersOnly title="My images">
      <MyImages />
    </MembersOnly>
  );
}

function MyImages() {
  const [space, setSpace] = useState<Space>();
  const pages = usePages("media", async (cursor) => {
    const page = await unwrap(member.GET("/me/media", { params: { query: { cursor } } }));
    setSpace(page);
    return page;
  });

  function remove(image: Image) {
    pages.change((all) => all.filter((one) => one.id !== image.id));
    setSpace((now) => now && { ...now, used_bytes: now.used_bytes - image.bytes });
    notify("success", "Image deleted.");
  }

  return (
    <>
      <Heading title="My images" />
      {space && <UsedSpace {...space} />}
      <ul class="images">
        {pages.items.map((image) => (
          <OneImage key={image.id} image={image} onRemove={() => remove(image)} />
        ))}
      </ul>
      <PageEnd
        pages={pages}
        empty={
          <>
            You have no images yet. Images that you upload as covers of your posts appear here.{" "}
            <a href="/me/posts/new">Write a post</a>
          </>
        }
      />
    </>
  );
}

function UsedSpace({ used_bytes, quota_bytes }: Space) {
  return (
    <p class="space">
      <meter
        aria-label="Used space"
        value={used_bytes}
        max={quota_bytes}
        high={0.9 * quota_bytes}
      />
      <span>
        {fileSize(used_bytes)} of {fileSize(quota_bytes)} used
      </span>
    </p>
  );
}

function OneImage({ image, onRemove }: { image: Image; onRemove: () => void }) {
  const [isDeleting, setDeleting] = useState(false);
  const caption = `image-${image.id}`;

  async function remove(button: HTMLElement) {
    if (isDeleting) return; // a disabled button would lose the focus
    setDeleting(true);
    try {
      if (!(await isDeleted(image))) return;
      const item = button.closest("li");
      const next = item?.nextElementSibling ?? item?.previousElementSibling;
      (next?.querySelector("button") ?? document.querySelector("h1"))?.focus();
      onRemove();
    } catch (error) {
      notify("failure", messageOf(error));
    } finally {
      setDeleting(false);
    }
  }

  return (
    <li>
      {image.status === "ready" ? (
        <img src={imageUrl(image.url, 480)} alt="" width="480" height="360" loading="lazy" />
      ) : (
        <p class={`status ${image.status}`}>{image.status}</p>
      )}
      <div id={caption}>
        <p>
          <DateTime at={image.created_at} exact />
        </p>
        {image.status === "ready" && (
          <p class="quiet">
            {image.width} × {image.height} pixels, {fileSize(image.bytes)}
          </p>
        )}
        {image.status === "pending" && <p class="quiet">This image is not inspected yet.</p>}
        {image.status === "refused" && <p class="error">{image.reason}</p>}
        <Uses image={image} />
      </div>
      <p>
        <button
          type="button"
          class="danger"
          aria-describedby={caption}
          aria-disabled={isDeleting}
          onClick={(event) => remove(event.currentTarget)}
        >
          Delete
        </button>
      </p>
    </li>
  );
}

function Uses({ image: { posts, post_count, status } }: { image: Image }) {
  if (posts.length === 0) return status === "ready" ? <p class="quiet">In no post</p> : null;
  return (
    <>
      <p class="quiet">In your posts:</p>
      <ul>
        {posts.map((post) => (
          <li key={post.id}>
            <a dir="auto" href={`/me/posts/${post.id}`}>
              {post.title}
            </a>
          </li>
        ))}
        {post_count > posts.length && <li>{others(post_count - posts.length, post_count)}</li>}
      </ul>
    </>
  );
}

/**
 * Delete an image, if the user agrees after reading which posts use it. The API refuses it while posts
 * do that the user has not read about, so ask again then.
 */
async function isDeleted(image: Image): Promise<boolean> {
  const path = { media_id: image.id };
  const send = (force: boolean) =>
    unwrap(member.DELETE("/media/{media_id}", { params: { path, query: { force } } }));
  const known = image.post_count > image.posts.length ? await usesOf(image) : image.posts;
  if (!confirm(deletionQuestion(known))) return false;
  try {
    await send(false);
  } catch (error) {
    if (isStatus(error, 404)) return true; // deleted elsewhere
    const posts = isStatus(error, 409)
      ? (error.details.posts as ImageUse[] | undefined)
      : undefined;
    if (!posts) throw error;
    const isKnown = posts.every((post) => known.some((one) => one.id === post.id));
    if (!isKnown && !confirm(deletionQuestion(posts))) return false;
    await send(true);
  }
  return true;
}

async function usesOf({ id }: Image): Promise<ImageUse[]> {
  const params = { path: { media_id: id } };
  return (await unwrap(member.GET("/me/media/{media_id}", { params }))).posts;
}
