import { member, type Schemas } from "../api/client";
import { messageOf, unwrap } from "../api/problem";
import { PageEnd } from "../components/loading";
import { notify } from "../components/notices";
import { MembersOnly, Heading } from "../components/page";
import { Html, DateTime } from "../components/text";
import { usePages } from "../hooks/loading";

/** Comments by newcomers that wait for approval, if the author asked to approve those first. */
export function PendingCommentsPage() {
  return (
    <MembersOnly title="Pending comments">
      <PendingComments />
    </MembersOnly>
  );
}

function PendingComments() {
  const pages = usePages<Schemas["CommentDetail"]>("pending", (cursor) =>
    unwrap(member.GET("/me/comments", { params: { query: { status: "pending", cursor } } })),
  );

  async function decide(comment: Schemas["CommentDetail"], isApproved: boolean) {
    const params = { path: { post_id: comment.post_id, comment_id: comment.id } };
    const address = "/posts/{post_id}/comments/{comment_id}/approval";
    try {
      await unwrap(
        isApproved ? member.PUT(address, { params }) : member.DELETE(address, { params }),
      );
      pages.change((all) => all.filter((one) => one !== comment));
    } catch (error) {
      notify("failure", messageOf(error));
    }
  }

  return (
    <>
      <Heading title="Pending comments" />
      <ul class="rows">
        {pages.items.map((comment) => (
          <li key={comment.id} class="comment">
            <p class="byline">
              <a dir="auto" href={`/authors/${comment.author.id}`}>
                {comment.author.name}
              </a>
              <DateTime at={comment.created_at} exact />
              <a href={`/posts/${comment.post_id}`}>View post</a>
            </p>
            <Html html={comment.body_html} />
            <p class="actions">
              <button type="button" class="primary" onClick={() => decide(comment, true)}>
                Approve
              </button>
              <button type="button" onClick={() => decide(comment, false)}>
                Reject
              </button>
            </p>
          </li>
        ))}
      </ul>
      <PageEnd pages={pages} empty="There are no pending comments." />
    </>
  );
}
