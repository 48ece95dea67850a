import { useLocation } from "preact-iso";

import { member, type Schemas } from "../api/client";
import { unwrap } from "../api/problem";
import { PageEnd } from "../components/loading";
import { MembersOnly, Heading } from "../components/page";
import { DateTime } from "../components/text";
import { usePages } from "../hooks/loading";

const STATUSES = ["draft", "scheduled", "published"] as const;

export function MyPostsPage() {
  return (
    <MembersOnly title="My posts">
      <MyPosts />
    </MembersOnly>
  );
}

function MyPosts() {
  const { query } = useLocation();
  const status = STATUSES.find((one) => one === query.status);
  const pages = usePages(status ?? "all", (cursor) =>
    unwrap(member.GET("/me/posts", { params: { query: { status, cursor } } })),
  );
  const tab = (value: string | undefined, text: string) => (
    <li>
      <a
        href={value ? `/me/posts?status=${value}` : "/me/posts"}
        aria-current={value === status ? "page" : undefined}
      >
        {text}
      </a>
    </li>
  );
  return (
    <>
      <Heading title="My posts" />
      <nav class="tabs" aria-label="Filter by status">
        <ul>
          {tab(undefined, "All")}
          {tab("draft", "Drafts")}
          {tab("scheduled", "Scheduled")}
          {tab("published", "Published")}
        </ul>
      </nav>
      <ul class="rows">
        {pages.items.map((post) => (
          <li key={post.id}>
            <a dir="auto" href={`/me/posts/${post.id}`}>
              {post.title}
            </a>
            <p class="byline">
              <span class={`status ${post.status}`}>{post.status}</span>
              <PostTime post={post} />
              {post.moderation && <span class="error">hidden by a moderator</span>}
            </p>
          </li>
        ))}
      </ul>
      <PageEnd
        pages={pages}
        empty={
          <>
            No posts yet. <a href="/me/posts/new">Write a post</a>
          </>
        }
      />
      <p class="actions">
        <a href="/me/comments">Pending comments</a>
        <a href="/me/media">My images</a>
      </p>
    </>
  );
}

/** The time of publication of a scheduled post, or else of the last change. */
function PostTime({ post }: { post: Schemas["OwnPostSummary"] }) {
  if (post.status === "scheduled" && post.publish_at)
    return <DateTime at={post.publish_at} exact />;
  return <DateTime at={post.updated_at} exact />;
}
