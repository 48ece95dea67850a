/** Read, create and edit the user's own posts. Errors: see `unwrap`. */
import { member, type Schemas } from "./client";
import { unwrap } from "./problem";

export type OwnPost = Schemas["OwnPost"];
export type NewPost = Schemas["NewPost"];
export type PostChanges = Partial<Schemas["PostChanges"]>;
/** What a publication changes beside the fields of the form. */
export type StatusChange = Pick<PostChanges, "status" | "publish_at">;

export interface PostsApi {
  get(id: string): Promise<OwnPost>;
  /** Requests with the same key and body create one post, however often they are sent. */
  create(body: NewPost, idempotencyKey: string): Promise<OwnPost>;
  /** The API refuses the edit with 412 if the post has another version by now. */
  edit(post: Pick<OwnPost, "id" | "version">, body: PostChanges): Promise<OwnPost>;
}

export const postsApi: PostsApi = {
  get(id) {
    return unwrap(member.GET("/me/posts/{post_id}", { params: { path: { post_id: id } } }));
  },

  create(body, idempotencyKey) {
    const header = { "Idempotency-Key": idempotencyKey };
    return unwrap(member.POST("/posts", { params: { header }, body }));
  },

  edit(post, body) {
    const path = { post_id: post.id };
    const header = { "If-Match": `"${post.version}"` };
    return unwrap(member.PATCH("/posts/{post_id}", { params: { path, header }, body }));
  },
};
