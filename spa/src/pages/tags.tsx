import { visitor } from "../api/client";
import { unwrap } from "../api/problem";
import { PageEnd } from "../components/loading";
import { Heading } from "../components/page";
import { count } from "../components/text";
import { usePages } from "../hooks/loading";

export function TagsPage() {
  const pages = usePages("tags", (cursor) =>
    unwrap(visitor.GET("/tags", { params: { query: { limit: 100, cursor } } })),
  );
  return (
    <>
      <Heading title="Tags" />
      <ul class="tags large">
        {pages.items.map(({ tag, count: n }) => (
          <li key={tag}>
            <a dir="auto" href={`/tags/${encodeURIComponent(tag)}`}>
              {tag}
            </a>{" "}
            <span>{count(n, "post")}</span>
          </li>
        ))}
      </ul>
      <PageEnd pages={pages} empty="There are no tags yet." />
    </>
  );
}
