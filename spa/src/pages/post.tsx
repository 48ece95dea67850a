import { useEffect } from "preact/hooks";

import { member, pictureUrl, visitor, type Schemas } from "../api/client";
import { taken } from "../api/problem";
import { useLoaded, Waiting } from "../parts/loading";
import { Heading } from "../parts/page";
import { Byline, TagLinks } from "../parts/posts";
import { Html } from "../parts/text";
import { Toggle } from "../parts/toggle";
import { isMine } from "../session/session";
import { Comments } from "./comments";
import { NotLoaded } from "./not-found";

type Post = Schemas["PostDetail"];

/** No slug has capitals, so an id can stand in its place. */
const ID = /^[0-9A-HJKMNP-TV-Z]{26}$/;

function load(slug: string): Promise<Post> {
  return ID.test(slug)
    ? taken(visitor.GET("/posts/{post_id}", { params: { path: { post_id: slug } } }))
    : taken(visitor.GET("/posts/by-slug/{slug}", { params: { path: { slug } } }));
}

export function PostPage({ slug }: { slug: string }) {
  const loaded = useLoaded(slug, () => load(slug));
  const current = loaded.status === "loaded" ? loaded.value.slug : slug;
  useEffect(() => {
    // A former slug was redirected: show the one that it has now.
    if (current !== slug) history.replaceState(null, "", `/posts/${current}${location.hash}`);
  }, [current, slug]);

  if (loaded.status === "loading") return <Waiting />;
  if (loaded.status === "failed") return <NotLoaded failed={loaded} />;
  const post = loaded.value;
  return (
    <>
      <article class="post">
        <header>
          <Heading title={post.title} />
          <Byline post={post} />
          {/* Shown to whom the API calls the author. Hiding it protects nothing: the API does. */}
          {isMine(post.author.id) && (
            <p>
              <a class="button" href={`/me/posts/${post.id}`}>
                Edit
              </a>
            </p>
          )}
          {post.cover_image && <img class="cover" src={pictureUrl(post.cover_image)} alt="" />}
        </header>
        <Html html={post.body_html} />
        <footer>
          <TagLinks tags={post.tags} />
          <LikeButton post={post} />
        </footer>
      </article>
      <Comments post={post} />
    </>
  );
}

function LikeButton({ post }: { post: Post }) {
  const params = { path: { post_id: post.id } };
  return (
    <Toggle
      ask={() => taken(member.GET("/me/likes/{post_id}", { params }))}
      put={() => taken(member.PUT("/posts/{post_id}/like", { params }))}
      take={() => taken(member.DELETE("/posts/{post_id}/like", { params }))}
    >
      {(isOn, change) => (
        <>
          {isOn ? "♥ Liked" : "♡ Like"} · {post.like_count + change}
        </>
      )}
    </Toggle>
  );
}
