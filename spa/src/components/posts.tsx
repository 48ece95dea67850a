import type { ComponentChildren } from "preact";

import type { Schemas } from "../api/client";
import { usePages, type Page } from "../hooks/loading";
import { useMine } from "../hooks/mine";
import { CardCover } from "./images";
import { PageEnd } from "./loading";
import { count, DateTime } from "./text";

export type PostSummary = Schemas["PostSummary"];

/** A list of posts, page by page: see `usePages`. */
export function PostList(props: {
  id: string;
  start?: string | undefined;
  load: (cursor?: string) => Promise<Page<PostSummary>>;
  empty: ComponentChildren;
}) {
  const pages = usePages(props.id, props.load, props.start);
  const liked = useMine("/me/likes", ids(pages.items));
  const followed = useMine("/me/follows", ids(pages.items.map((post) => post.author)));
  return (
    <>
      <ul class="posts">
        {pages.items.map((post) => (
          <li key={post.id}>
            <PostCard
              post={post}
              isLiked={liked.has(post.id)}
              isFollowed={followed.has(post.author.id)}
            />
          </li>
        ))}
      </ul>
      <PageEnd pages={pages} empty={props.empty} />
    </>
  );
}

function ids(rows: readonly { readonly id: string }[]): string[] {
  return rows.map((row) => row.id);
}

interface ShownPost {
  post: PostSummary;
  isLiked?: boolean; // by the member
  isFollowed?: boolean; // whether the member follows the author
}

export function PostCard({ post, ...mine }: ShownPost) {
  return (
    <article class="card">
      <div>
        <h2>
          <a dir="auto" href={`/posts/${post.slug}`}>
            {post.title}
          </a>
        </h2>
        <Byline post={post} {...mine} />
        <p class="excerpt" dir="auto">
          {post.excerpt}
        </p>
        <TagLinks tags={post.tags} />
      </div>
      <CardCover url={post.cover_image} />
    </article>
  );
}

export function Byline({ post, isLiked = false, isFollowed = false }: ShownPost) {
  return (
    <p class="byline">
      <a dir="auto" href={`/authors/${post.author.id}`}>
        {post.author.name}
      </a>
      {isFollowed && <span>following</span>}
      {post.published_at && <DateTime at={post.published_at} />}
      <span>{post.reading_minutes} min read</span>
      <span>
        {count(post.like_count, "like")}
        {isLiked && ", including yours"}
      </span>
      <span>{count(post.comment_count, "comment")}</span>
    </p>
  );
}

export function TagLinks({ tags }: { tags: readonly string[] }) {
  if (tags.length === 0) return null;
  return (
    <ul class="tags" aria-label="Tags">
      {tags.map((tag) => (
        <li key={tag}>
          <a dir="auto" href={`/tags/${encodeURIComponent(tag)}`}>
            {tag}
          </a>
        </li>
      ))}
    </ul>
  );
}
