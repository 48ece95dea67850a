import { visitor } from "../api/client";
import { unwrap } from "../api/problem";
import { Heading } from "../components/page";
import { PostList } from "../components/posts";

/** All published posts, newest first. */
export function FeedPage() {
  return (
    <>
      <Heading title="Posts" />
      <PostList
        id="feed"
        load={(cursor) => unwrap(visitor.GET("/posts", { params: { query: { cursor } } }))}
        empty="No posts have been published yet."
      />
    </>
  );
}
