import { member } from "../api/client";
import { unwrap } from "../api/problem";
import { PageEnd } from "../components/loading";
import { MembersOnly, Heading } from "../components/page";
import { PostCard } from "../components/posts";
import { usePages } from "../hooks/loading";
import { pageOf } from "../hooks/mine";

export function LikesPage() {
  return (
    <MembersOnly title="Liked posts">
      <Likes />
    </MembersOnly>
  );
}

function Likes() {
  const pages = usePages("likes", async (cursor) =>
    pageOf(await unwrap(member.GET("/me/likes", { params: { query: { cursor } } }))),
  );
  return (
    <>
      <Heading title="Liked posts" />
      <ul class="posts">
        {pages.items.map((post) => (
          <li key={post.id}>
            {"available" in post ? (
              <p class="quiet">A post that is no longer public.</p>
            ) : (
              <PostCard post={post} />
            )}
          </li>
        ))}
      </ul>
      <PageEnd pages={pages} empty="You have not liked any posts yet." />
    </>
  );
}
