import { member, visitor } from "../api/client";
import { taken } from "../api/problem";
import { useLoaded, Waiting } from "../parts/loading";
import { Heading } from "../parts/page";
import { PostList } from "../parts/posts";
import { count } from "../parts/text";
import { Toggle } from "../parts/toggle";
import { isMine } from "../session/session";
import { NotLoaded } from "./not-found";

export function AuthorPage({ id }: { id: string }) {
  const path = { author_id: id };
  const loaded = useLoaded(id, () =>
    taken(visitor.GET("/authors/{author_id}", { params: { path } })),
  );
  if (loaded.status === "loading") return <Waiting />;
  if (loaded.status === "failed") return <NotLoaded failed={loaded} />;
  const author = loaded.value;
  return (
    <>
      <header class="author">
        {author.picture && <img src={author.picture} alt="" width="96" height="96" />}
        <div>
          <Heading title={author.name} />
          {author.bio && <p>{author.bio}</p>}
          <p class="byline">
            <span>{count(author.post_count, "post")}</span>
            <span>{count(author.follower_count, "follower")}</span>
            {author.website && (
              <a href={author.website} rel="nofollow ugc noopener">
                Website
              </a>
            )}
            <a href={`/authors/${author.id}/feed.atom`}>Atom feed</a>
          </p>
          {!isMine(author.id) && <FollowButton id={author.id} />}
        </div>
      </header>
      <PostList
        id={author.id}
        load={(cursor) =>
          taken(visitor.GET("/posts", { params: { query: { author: author.id, cursor } } }))
        }
        empty={`${author.name} has not published anything.`}
      />
    </>
  );
}

function FollowButton({ id }: { id: string }) {
  const params = { path: { author_id: id } };
  return (
    <Toggle
      ask={() => taken(member.GET("/me/follows/{author_id}", { params }))}
      put={() => taken(member.PUT("/authors/{author_id}/follow", { params }))}
      take={() => taken(member.DELETE("/authors/{author_id}/follow", { params }))}
    >
      {(isOn) => (isOn ? "Following" : "Follow")}
    </Toggle>
  );
}
