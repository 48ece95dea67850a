import { visitor } from "../api/client";
import { unwrap } from "../api/problem";
import { Heading } from "../components/page";
import { PostList } from "../components/posts";

export function TagPage({ tag }: { tag: string }) {
  return (
    <>
      <Heading key={tag} title={`Posts tagged ${tag}`} />
      <p>
        <a href={`/tags/${encodeURIComponent(tag)}/feed.atom`}>Atom feed</a>
      </p>
      <PostList
        id={tag}
        load={(cursor) => unwrap(visitor.GET("/posts", { params: { query: { tag, cursor } } }))}
        empty="There are no posts with this tag."
      />
    </>
  );
}
