import { visitor } from "../api/client";
import { taken } from "../api/problem";
import { Heading } from "../parts/page";
import { PostList } from "../parts/posts";

export function TagPage({ tag }: { tag: string }) {
  return (
    <>
      <Heading key={tag} title={`Posts on ${tag}`} />
      <p>
        <a href={`/tags/${encodeURIComponent(tag)}/feed.atom`}>Atom feed</a>
      </p>
      <PostList
        id={tag}
        load={(cursor) => taken(visitor.GET("/posts", { params: { query: { tag, cursor } } }))}
        empty="There are no posts with this tag."
      />
    </>
  );
}
