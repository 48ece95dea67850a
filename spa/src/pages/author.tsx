import { member, visitor } from "../api/client";
import { unwrap } from "../api/problem";
import { Spinner } from "../components/loading";
import { Heading, useFeed } from "../components/page";
import { PostList } from "../components/posts";
import { count } from "../components/text";
import { Toggle } from "../components/toggle";
import { useLoaded } from "../hooks/loading";
import { isMine } from "../session/session";
import { LoadError } from "./not-found";

export function AuthorPage({ id }: { id: string }) {
  const path = { author_id: id };
  const loaded = useLoaded(id, () =>
    unwrap(visitor.GET("/authors/{author_id}", { params: { path } })),
  );
  useFeed(`/authors/${encodeURIComponent(id)}`);
  if (loaded.status === "loading") return <Spinner />;
  if (loaded.status === "failed") return <LoadError failed={loaded} />;
  const author = loaded.value;
  return (
    <>
      <header class="author">
        {author.picture && <img src={author.picture} alt="" width="96" height="96" />}
        <div>
          <Heading title={author.name} />
          {author.bio && <p dir="auto">{author.bio}</p>}
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
          unwrap(visitor.GET("/posts", { params: { query: { author: author.id, cursor } } }))
        }
        empty={`${author.name} has not published any posts yet.`}
      />
    </>
  );
}

function FollowButton({ id }: { id: string }) {
  const params = { path: { author_id: id } };
  return (
    <Toggle
      load={() => unwrap(member.GET("/me/follows/{author_id}", { params }))}
      turnOn={() => unwrap(member.PUT("/authors/{author_id}/follow", { params }))}
      turnOff={() => unwrap(member.DELETE("/authors/{author_id}/follow", { params }))}
    >
      {(isOn) => (isOn ? "Following" : "Follow")}
    </Toggle>
  );
}
