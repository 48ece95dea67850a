import { member } from "../api/client";
import { taken } from "../api/problem";
import { PageEnd, usePages } from "../parts/loading";
import { ForMembers, Heading } from "../parts/page";
import { PostCard } from "../parts/posts";

export function LikesPage() {
  return (
    <ForMembers title="What you like">
      <Likes />
    </ForMembers>
  );
}

function Likes() {
  const pages = usePages("likes", (cursor) =>
    taken(member.GET("/me/likes", { params: { query: { cursor } } })),
  );
  return (
    <>
      <Heading title="What you like" />
      <ul class="posts">
        {pages.items.map((post) => (
          <li key={post.id}>
            {"available" in post ? (
              <p class="quiet">A post that is not public any more.</p>
            ) : (
              <PostCard post={post} />
            )}
          </li>
        ))}
      </ul>
      <PageEnd pages={pages} empty="Nothing yet." />
    </>
  );
}
