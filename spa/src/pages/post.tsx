import { useEffect } from "preact/hooks";

import { member, visitor, type Schemas } from "../api/client";
import { unwrap } from "../api/problem";
import { PostCover } from "../components/images";
import { Spinner } from "../components/loading";
import { Heading, useHeadLink, type Query } from "../components/page";
import { Byline, TagLinks } from "../components/posts";
import { Html } from "../components/text";
import { Toggle } from "../components/toggle";
import { isMine } from "../session/session";
import { Comments } from "../components/comments";
import { useLoaded } from "../hooks/loading";
import { LoadError } from "./not-found";

type Post = Schemas["PostDetail"];

/** The form of an id. A slug has no capital letters, so an id can take its place in the URL. */
const ID = /^[0-9A-HJKMNP-TV-Z]{26}$/;

function load(slug: string): Promise<Post> {
  return ID.test(slug)
    ? unwrap(visitor.GET("/posts/{post_id}", { params: { path: { post_id: slug } } }))
    : unwrap(visitor.GET("/posts/by-slug/{slug}", { params: { path: { slug } } }));
}

export function PostPage({ slug, query }: { slug: string } & Query) {
  const loaded = useLoaded(`/posts/by-slug/${encodeURIComponent(slug)}`, () => load(slug));
  const current = loaded.status === "loaded" ? loaded.value.slug : slug;
  useEffect(() => {
    // The API redirects an old slug: show the current one in the address bar.
    if (current !== slug) history.replaceState(null, "", `/posts/${current}${location.hash}`);
  }, [current, slug]);

  // Search engines prefer the address where a post appeared first.
  useHeadLink("canonical", loaded.status === "loaded" ? loaded.value.canonical_url : null);

  if (loaded.status === "loading") return <Spinner />;
  if (loaded.status === "failed") return <LoadError failed={loaded} />;
  const post = loaded.value;
  return (
    <>
      <article class="post">
        <header>
          <Heading title={post.title} />
          <Byline post={post} />
          {/* Hiding this link protects nothing. The API checks who edits. */}
          {isMine(post.author.id) && (
            <p>
              <a class="button" href={`/me/posts/${post.id}`}>
                Edit
              </a>
            </p>
          )}
          <PostCover url={post.cover_image} />
        </header>
        <Html html={post.body_html} hasAnchors />
        <footer>
          <TagLinks tags={post.tags} />
          <LikeButton post={post} />
        </footer>
      </article>
      <Comments post={post} start={query.cursor} />
    </>
  );
}

function LikeButton({ post }: { post: Post }) {
  const params = { path: { post_id: post.id } };
  return (
    <Toggle
      load={() => unwrap(member.GET("/me/likes/{post_id}", { params }))}
      turnOn={() => unwrap(member.PUT("/posts/{post_id}/like", { params }))}
      turnOff={() => unwrap(member.DELETE("/posts/{post_id}/like", { params }))}
    >
      {(isOn, change) => (
        <>
          {isOn ? "♥ Liked" : "♡ Like"} · {post.like_count + change}
        </>
      )}
    </Toggle>
  );
}
