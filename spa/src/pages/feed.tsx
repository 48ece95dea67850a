import { visitor } from "../api/client";
import { unwrap } from "../api/problem";
import { Heading, type Query } from "../components/page";
import { PostList } from "../components/posts";

/** All published posts, newest first. */
export function FeedPage({ query }: Query) {
  return (
    <>
      <Heading title="Posts" windowTitle="" query={query} />
      <PostList
        id="/posts"
        start={query.cursor}
        load={(cursor) => unwrap(visitor.GET("/posts", { params: { query: { cursor } } }))}
        empty="No posts have been published yet."
      />
    </>
  );
}
