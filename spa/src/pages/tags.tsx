import { visitor } from "../api/client";
import { unwrap } from "../api/problem";
import { PageEnd } from "../components/loading";
import { Heading, type Query } from "../components/page";
import { count } from "../components/text";
import { usePages } from "../hooks/loading";

export function TagsPage({ query }: Query) {
  const pages = usePages(
    "/tags?limit=100",
    (cursor) => unwrap(visitor.GET("/tags", { params: { query: { limit: 100, cursor } } })),
    query.cursor,
  );
  return (
    <>
      <Heading title="Tags" query={query} />
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
