import { visitor } from "../api/client";
import { unwrap } from "../api/problem";
import { Heading, useFeed } from "../components/page";
import { PostList } from "../components/posts";

export function TagPage({ tag }: { tag: string }) {
  const path = `/tags/${encodeURIComponent(tag)}`;
  useFeed(path);
  return (
    <>
      <Heading key={tag} title={`Posts tagged ${tag}`} />
      <p>
        <a href={`${path}/feed.atom`}>Atom feed</a>
      </p>
      <PostList
        id={tag}
        load={(cursor) => unwrap(visitor.GET("/posts", { params: { query: { tag, cursor } } }))}
        empty="There are no posts with this tag."
      />
    </>
  );
}
