import { member } from "../api/client";
import { unwrap } from "../api/problem";
import { PageEnd } from "../components/loading";
import { MembersOnly, Heading } from "../components/page";
import { PostList } from "../components/posts";
import { usePages } from "../hooks/loading";
import { pageOf } from "../hooks/mine";

export function FollowingPage() {
  return (
    <MembersOnly title="Following">
      <Heading title="Following" />
      <PostList
        id="following"
        load={(cursor) => unwrap(member.GET("/me/feed", { params: { query: { cursor } } }))}
        empty="Posts by the authors you follow will appear here."
      />
      <Authors />
    </MembersOnly>
  );
}

function Authors() {
  const pages = usePages("follows", async (cursor) =>
    pageOf(await unwrap(member.GET("/me/follows", { params: { query: { cursor } } }))),
  );
  return (
    <section aria-labelledby="authors">
      <h2 id="authors">Authors you follow</h2>
      <ul class="rows">
        {pages.items.map((author) => (
          <li key={author.id}>
            {"available" in author ? (
              <span class="quiet">An author who has left</span>
            ) : (
              <a dir="auto" href={`/authors/${author.id}`}>
                {author.name}
              </a>
            )}
          </li>
        ))}
      </ul>
      <PageEnd pages={pages} empty="You do not follow anyone yet." />
    </section>
  );
}
