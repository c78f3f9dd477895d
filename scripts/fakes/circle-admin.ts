import { circleError, pageOf } from "./circle-pages.ts";
import { commentJson, memberJson, postJson, spaceJson } from "./circle-shapes.ts";
import type { CircleState, FakePost } from "./circle-state.ts";
import type { Answer } from "./faults.ts";
import type { FakeRequest } from "./server.ts";

/** The Admin API, version 2, as far as Fixloop uses it. It has no chat messages. */
export function answerAdmin(state: CircleState, request: FakeRequest): Answer {
  const { method, url, headers } = request;
  const token = headers.authorization?.match(/^(?:bearer|token) (.+)$/i)?.[1] ?? "";
  if (!state.tokens.admin.has(token)) return circleError(401, "Your account could not be authenticated.");
  const [what = "", id] = url.pathname.replace(/^\/api\/admin\/v2\//, "").split("/");
  if (method === "POST" && what === "comments") return addComment(state, request);
  if (method !== "GET") return circleError(404, "Not found.");
  switch (what) {
    case "spaces":
      return list(state.spaces.map((space) => spaceJson(state, space)), url);
    case "posts":
      return id === undefined ? posts(state, url) : one(state.posts, id, (post) => postJson(state, post));
    case "comments":
      return id === undefined ? comments(state, url) : one(state.comments, id, (comment) => ({
        ...commentJson(state, comment),
        replies: state.comments.filter(({ parentId }) => parentId === comment.id)
          .map((reply) => commentJson(state, reply)),
      }));
    case "community_members":
      return members(state, url, id);
  }
  return circleError(404, "Not found.");
}

const list = (items: unknown[], url: URL): Answer => ({ status: 200, body: pageOf(items, url.searchParams) });

function one<T extends { id: number }>(items: T[], id: string, json: (item: T) => unknown): Answer {
  const item = items.find((one) => one.id === Number(id));
  return item ? { status: 200, body: json(item) } : circleError(404, "Not found.");
}

const time = (post: FakePost, sort: string | null): number =>
  (sort === "latest_updated" || sort === "oldest_updated" ? post.updatedAt : post.createdAt).getTime();

function posts(state: CircleState, url: URL): Answer {
  const spaceId = url.searchParams.get("space_id");
  const sort = url.searchParams.get("sort");
  const found = state.posts.filter(({ space }) => spaceId === null || space.id === Number(spaceId))
    .sort((a, b) => time(b, sort) - time(a, sort) || b.id - a.id);
  if (sort?.startsWith("oldest")) found.reverse();
  return list(found.map((post) => postJson(state, post)), url);
}

/** There is no way to sort them: the newest come first. */
function comments(state: CircleState, url: URL): Answer {
  const spaceId = url.searchParams.get("space_id");
  const postId = url.searchParams.get("post_id");
  const found = state.comments.filter(({ post }) =>
    (spaceId === null || post.space.id === Number(spaceId)) && (postId === null || post.id === Number(postId))
  );
  return list(found.toReversed().map((comment) => commentJson(state, comment)), url);
}

/** Its author is the owner of the token: the first member. */
function addComment(state: CircleState, { body }: FakeRequest): Answer {
  const sent = JSON.parse(body || "{}") as Record<string, unknown>;
  const post = state.posts.find(({ id }) => id === Number(sent.post_id));
  const parent = sent.parent_comment_id === undefined
    ? null
    : state.comments.find(({ id }) => id === Number(sent.parent_comment_id));
  const owner = state.members[0];
  if (!post || !owner || parent === undefined || (parent !== null && parent.parentId !== null)) {
    return circleError(404, "Not found.");
  }
  if (typeof sent.body !== "string" || sent.body === "") return circleError(422, "Body can't be blank.");
  const added = state.addComment(post, owner, sent.body, parent?.id ?? null);
  return { status: 201, body: commentJson(state, added) };
}

function members(state: CircleState, url: URL, id: string | undefined): Answer {
  if (id === undefined) return list(state.members.map((member) => memberJson(state, member)), url);
  const email = url.searchParams.get("email");
  const member = id === "search"
    ? state.members.find((one) => one.email === email)
    : state.members.find((one) => one.id === Number(id));
  return member ? { status: 200, body: memberJson(state, member) } : circleError(404, "Not found.");
}
