import { visitor } from "../api/client";
import { taken } from "../api/problem";
import { PageEnd, usePages } from "../parts/loading";
import { Heading } from "../parts/page";
import { count } from "../parts/text";

export function TagsPage() {
  const pages = usePages("tags", (cursor) =>
    taken(visitor.GET("/tags", { params: { query: { limit: 100, cursor } } })),
  );
  return (
    <>
      <Heading title="Tags" />
      <ul class="tags large">
        {pages.items.map(({ tag, count: n }) => (
          <li key={tag}>
            <a href={`/tags/${encodeURIComponent(tag)}`}>{tag}</a> <span>{count(n, "post")}</span>
          </li>
        ))}
      </ul>
      <PageEnd pages={pages} empty="There are no tags yet." />
    </>
  );
}
