import { member } from "../api/client";
import { taken } from "../api/problem";
import { PageEnd, usePages } from "../parts/loading";
import { ForMembers, Heading } from "../parts/page";
import { PostList } from "../parts/posts";

export function FollowingPage() {
  return (
    <ForMembers title="Following">
      <Heading title="Following" />
      <PostList
        id="following"
        load={(cursor) => taken(member.GET("/me/feed", { params: { query: { cursor } } }))}
        empty="What the authors whom you follow publish will be here."
      />
      <Authors />
    </ForMembers>
  );
}

function Authors() {
  const pages = usePages("follows", (cursor) =>
    taken(member.GET("/me/follows", { params: { query: { cursor } } })),
  );
  return (
    <section aria-labelledby="authors">
      <h2 id="authors">Whom you follow</h2>
      <ul class="rows">
        {pages.items.map((author) => (
          <li key={author.id}>
            {"available" in author ? (
              <span class="quiet">Somebody who is not here any more</span>
            ) : (
              <a href={`/authors/${author.id}`}>{author.name}</a>
            )}
          </li>
        ))}
      </ul>
      <PageEnd pages={pages} empty="Nobody yet." />
    </section>
  );
}
