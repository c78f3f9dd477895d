import type {
  CircleState,
  FakeChatMessage,
  FakeComment,
  FakeMember,
  FakePost,
  FakeSpace,
} from "./circle-state.ts";

// What Circle's APIs answer, by their OpenAPI documents: Admin V2 and Headless Member V1.

const participantId = (member: FakeMember): number => member.id + 1_644_600_000;

const sender = (member: FakeMember) => ({
  id: participantId(member),
  name: member.name,
  community_member_id: member.id,
  user_public_uid: member.id.toString(16),
  avatar_url: null,
});

const richText = (text: string) => ({
  body: { type: "doc", content: [{ type: "paragraph", content: [{ type: "text", text }] }] },
  circle_ios_fallback_text: text,
  attachments: [],
  inline_attachments: [],
  sgids_to_object_map: {},
  format: "chat",
  community_members: [],
  entities: [],
  group_mentions: [],
  polls: [],
});

export function messageJson(state: CircleState, message: FakeChatMessage) {
  const { id, parentId, editedAt, sentAt, roomUuid, author, body } = message;
  const replies = parentId === null ? state.repliesTo(message) : [];
  const others = [...new Map(replies.map((reply) => [reply.author.id, reply.author])).values()];
  return {
    id,
    parent_message_id: parentId,
    edited_at: editedAt?.toISOString() ?? null,
    created_at: sentAt.toISOString(),
    chat_room_uuid: roomUuid,
    chat_room_participant_id: participantId(author),
    body,
    bookmark_id: null,
    rich_text_body: message.richText ?? richText(body),
    sent_at: sentAt.toISOString(),
    // replies do not have these
    ...(parentId === null
      ? { replies_count: replies.length, last_reply_at: replies.at(-1)?.sentAt.toISOString() ?? null }
      : {}),
    sender: sender(author),
    total_thread_participants_count: others.length,
    thread_participants_preview: others.slice(0, 3).map(({ id, name, ...member }) => ({
      id: participantId({ id, name, ...member }),
      name,
      avatar_url: null,
      community_member_id: id,
    })),
    chat_thread_id: message.threadId,
    reactions: [],
    embedded_chat_message_access: [],
  };
}

const embeddedSpace = ({ id, slug }: FakeSpace, host: string) => ({
  id,
  slug,
  emoji: "💬",
  custom_emoji: "",
  host: new URL(host).host,
  include_default: true,
});

export function threadJson(state: CircleState, root: FakeChatMessage) {
  const space = state.spaces.find(({ roomUuid }) => roomUuid === root.roomUuid);
  return {
    id: root.threadId,
    parent_message: { ...messageJson(state, root), rich_text_body: null },
    replies: state.repliesTo(root).slice(-5).map((reply) => messageJson(state, reply)),
    chat_room: {
      kind: "group_chat",
      name: space?.name ?? null,
      embedded_space: space ? embeddedSpace(space, state.host) : null,
      lesson: null,
    },
  };
}

export const roomJson = (space: FakeSpace) => ({
  id: space.id + 1000,
  uuid: space.roomUuid,
  chat_room_kind: "group_chat",
  chat_room_name: space.name,
  chat_room_show_history: true,
  pinned_at: null,
  unread_messages_count: 0,
  other_participants_preview: [],
});

export const participantJson = (member: FakeMember) => ({
  id: participantId(member),
  community_member_id: member.id,
  name: member.name,
  email: member.email,
  admin: false,
  muted: false,
  avatar_url: null,
  headline: null,
});

export const memberJson = (state: CircleState, { id, userId, name, email }: FakeMember) => ({
  id,
  user_id: userId,
  public_uid: id.toString(16),
  name,
  first_name: name.split(" ")[0],
  last_name: name.split(" ").slice(1).join(" "),
  email,
  headline: null,
  avatar_url: null,
  profile_url: `${state.host}/u/${id.toString(16)}`,
  community_id: state.communityId,
  active: true,
  created_at: "2025-01-02T10:00:00.000Z",
  updated_at: "2025-01-02T10:00:00.000Z",
  member_tags: [],
  flattened_profile_fields: {},
});

/** Of `GET /api/headless/v1/spaces`. */
export const headlessSpaceJson = (state: CircleState, space: FakeSpace) => ({
  ...spaceJson(state, space),
  space_group_id: 71,
  space_group_name: "Support",
  post_type: space.type,
  is_member: true,
  space_member_id: space.id + 65_000_000,
  policies: { can_view_space: true, can_manage_space: false },
  ...(state.shows.roomUuids && space.roomUuid ? { chat_room_uuid: space.roomUuid } : {}),
});

/** Of `GET /api/admin/v2/spaces`. */
export const spaceJson = (state: CircleState, { id, name, slug, type }: FakeSpace) => ({
  id,
  name,
  slug,
  community_id: state.communityId,
  is_private: false,
  space_type: type,
  display_view: "posts",
  host: state.host,
  url: `${state.host}/c/${slug}`,
  emoji: "💬",
  space_group: { id: 71, name: "Support" },
  topics: [],
});

const postUrl = (state: CircleState, { space, id }: FakePost): string =>
  `${state.host}/c/${space.slug}/post-${id}`;

export const postJson = (state: CircleState, post: FakePost) => ({
  id: post.id,
  status: "published",
  name: post.name,
  slug: `post-${post.id}`,
  url: postUrl(state, post),
  body: {
    id: post.id + 1,
    name: "body",
    body: `<div><p>${post.body}</p></div>`,
    record_type: "Post",
    record_id: post.id,
    created_at: post.createdAt.toISOString(),
    updated_at: post.updatedAt.toISOString(),
  },
  tiptap_body: { ...richText(post.body), format: "post" },
  space_name: post.space.name,
  space_slug: post.space.slug,
  space_id: post.space.id,
  user_id: post.author.userId,
  user_email: post.author.email,
  user_name: post.author.name,
  community_id: state.communityId,
  comments_count: state.comments.filter((comment) => comment.post === post).length,
  likes_count: 0,
  published_at: post.createdAt.toISOString(),
  created_at: post.createdAt.toISOString(),
  updated_at: post.updatedAt.toISOString(),
  topics: [],
});

/** Of the Admin API; `GET /comments/{id}` has the replies too. */
export const commentJson = (state: CircleState, comment: FakeComment) => ({
  id: comment.id,
  parent_comment_id: comment.parentId,
  flagged_for_approval_at: null,
  created_at: comment.createdAt.toISOString(),
  body: {
    id: comment.id + 1,
    name: "body",
    body: comment.body,
    record_type: "Comment",
    record_id: comment.id,
    created_at: comment.createdAt.toISOString(),
    updated_at: comment.updatedAt.toISOString(),
  },
  user: {
    id: comment.author.userId,
    name: comment.author.name,
    avatar_url: null,
    email: comment.author.email,
  },
  post: { id: comment.post.id, name: comment.post.name, slug: `post-${comment.post.id}` },
  space: { id: comment.post.space.id, slug: comment.post.space.slug, name: comment.post.space.name },
  url: `${postUrl(state, comment.post)}#comment_wrapper_${comment.id}`,
  community_id: state.communityId,
  likes_count: 0,
  replies_count: state.comments.filter(({ parentId }) => parentId === comment.id).length,
});

/** Of the Headless API. */
export const headlessCommentJson = (state: CircleState, comment: FakeComment) => ({
  id: comment.id,
  parent_comment_id: comment.parentId,
  body: { html: `<p>${comment.body}</p>`, attachments: [], attachments_array: [] },
  body_text: comment.body,
  tiptap_body: richText(comment.body),
  editor: "tiptap",
  created_at: comment.createdAt.toISOString(),
  updated_at: comment.updatedAt.toISOString(),
  removed_at: null,
  author: { id: comment.author.id, community_member_id: comment.author.id, name: comment.author.name },
  community_member_id: comment.author.id,
  post_id: comment.post.id,
  space_id: comment.post.space.id,
  url: `${postUrl(state, comment.post)}#comment_wrapper_${comment.id}`,
  replies_count: state.comments.filter(({ parentId }) => parentId === comment.id).length,
});
