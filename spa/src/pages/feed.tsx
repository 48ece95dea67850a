import { visitor } from "../api/client";
import { taken } from "../api/problem";
import { Heading } from "../parts/page";
import { PostList } from "../parts/posts";

/** What everyone published, newest first. */
export function FeedPage() {
  return (
    <>
      <Heading title="Posts" />
      <PostList
        id="feed"
        load={(cursor) => taken(visitor.GET("/posts", { params: { query: { cursor } } }))}
        empty="Nobody has published anything yet."
      />
    </>
  );
}
