import { useLocation } from "preact-iso";

import { member, type Schemas } from "../api/client";
import { taken } from "../api/problem";
import { PageEnd, usePages } from "../parts/loading";
import { ForMembers, Heading } from "../parts/page";
import { Moment } from "../parts/text";

const STATUSES = ["draft", "scheduled", "published"] as const;

export function MyPostsPage() {
  return (
    <ForMembers title="My posts">
      <MyPosts />
    </ForMembers>
  );
}

function MyPosts() {
  const { query } = useLocation();
  const status = STATUSES.find((one) => one === query.status);
  const pages = usePages(status ?? "all", (cursor) =>
    taken(member.GET("/me/posts", { params: { query: { status, cursor } } })),
  );
  const tab = (one: string | undefined, text: string) => (
    <li>
      <a
        href={one ? `/me/posts?status=${one}` : "/me/posts"}
        aria-current={one === status ? "page" : undefined}
      >
        {text}
      </a>
    </li>
  );
  return (
    <>
      <Heading title="My posts" />
      <nav class="tabs" aria-label="By status">
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
            <a href={`/me/posts/${post.id}`}>{post.title}</a>
            <p class="byline">
              <span class={`status ${post.status}`}>{post.status}</span>
              <When post={post} />
              {post.moderation && <span class="error">hidden by a moderator</span>}
            </p>
          </li>
        ))}
      </ul>
      <PageEnd
        pages={pages}
        empty={
          <>
            Nothing here yet. <a href="/me/posts/new">Write something</a>
          </>
        }
      />
      <p>
        <a href="/me/comments">Comments that wait for you</a>
      </p>
    </>
  );
}

function When({ post }: { post: Schemas["OwnPostSummary"] }) {
  if (post.status === "scheduled" && post.publish_at) return <Moment at={post.publish_at} exact />;
  return <Moment at={post.updated_at} exact />;
}
