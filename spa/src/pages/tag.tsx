import { visitor } from "../api/client";
import { unwrap } from "../api/problem";
import { Heading, useFeed, type Query } from "../components/page";
import { PostList } from "../components/posts";

export function TagPage({ tag, query }: { tag: string } & Query) {
  const path = `/tags/${encodeURIComponent(tag)}`;
  useFeed(path);
  return (
    <>
      <Heading key={tag} title={`Posts tagged ${tag}`} query={query} />
      <p>
        <a href={`${path}/feed.atom`}>Atom feed</a>
      </p>
      <PostList
        id={`/posts?tag=${encodeURIComponent(tag)}`}
        start={query.cursor}
        load={(cursor) => unwrap(visitor.GET("/posts", { params: { query: { tag, cursor } } }))}
        empty="There are no posts with this tag."
      />
    </>
  );
}
