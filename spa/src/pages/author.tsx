import { member, visitor } from "../api/client";
import { unwrap } from "../api/problem";
import { Spinner } from "../components/loading";
import { Heading, useFeed, type Query } from "../components/page";
import { PostList } from "../components/posts";
import { count } from "../components/text";
import { Toggle } from "../components/toggle";
import { useLoaded } from "../hooks/loading";
import { isMine } from "../session/session";
import { LoadError } from "./not-found";

export function AuthorPage({ id, query }: { id: string } & Query) {
  const path = `/authors/${encodeURIComponent(id)}`;
  const loaded = useLoaded(path, () =>
    unwrap(visitor.GET("/authors/{author_id}", { params: { path: { author_id: id } } })),
  );
  useFeed(path);
  if (loaded.status === "loading") return <Spinner />;
  if (loaded.status === "failed") return <LoadError failed={loaded} />;
  const author = loaded.value;
  return (
    <>
      <header class="author">
        {author.picture && <img src={author.picture} alt="" width="96" height="96" />}
        <div>
          <Heading title={author.name} query={query} />
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
        id={`/posts?author=${encodeURIComponent(author.id)}`}
        start={query.cursor}
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
