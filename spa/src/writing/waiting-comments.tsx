import { member, type Schemas } from "../api/client";
import { messageOf, taken } from "../api/problem";
import { PageEnd, usePages } from "../parts/loading";
import { notify } from "../parts/notices";
import { ForMembers, Heading } from "../parts/page";
import { Html, Moment } from "../parts/text";

/** Comments of people who are new to the author, where the author wants to see those first. */
export function WaitingCommentsPage() {
  return (
    <ForMembers title="Comments that wait for you">
      <WaitingComments />
    </ForMembers>
  );
}

function WaitingComments() {
  const pages = usePages<Schemas["CommentDetail"]>("waiting", (cursor) =>
    taken(member.GET("/me/comments", { params: { query: { status: "pending", cursor } } })),
  );

  async function decide(comment: Schemas["CommentDetail"], isApproved: boolean) {
    const params = { path: { post_id: comment.post_id, comment_id: comment.id } };
    const address = "/posts/{post_id}/comments/{comment_id}/approval";
    try {
      await taken(
        isApproved ? member.PUT(address, { params }) : member.DELETE(address, { params }),
      );
      pages.change((all) => all.filter((one) => one !== comment));
    } catch (error) {
      notify("failure", messageOf(error));
    }
  }

  return (
    <>
      <Heading title="Comments that wait for you" />
      <ul class="rows">
        {pages.items.map((comment) => (
          <li key={comment.id} class="comment">
            <p class="byline">
              <a href={`/authors/${comment.author.id}`}>{comment.author.name}</a>
              <Moment at={comment.created_at} exact />
              <a href={`/posts/${comment.post_id}`}>The post</a>
            </p>
            <Html html={comment.body_html} />
            <p class="actions">
              <button type="button" class="primary" onClick={() => decide(comment, true)}>
                Publish
              </button>
              <button type="button" onClick={() => decide(comment, false)}>
                Remove
              </button>
            </p>
          </li>
        ))}
      </ul>
      <PageEnd pages={pages} empty="No comment waits for you." />
    </>
  );
}
