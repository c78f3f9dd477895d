import { circleError, pageOf, windowOf } from "./circle-pages.ts";
import {
  headlessCommentJson,
  headlessSpaceJson,
  memberJson,
  messageJson,
  participantJson,
  postJson,
  roomJson,
  threadJson,
} from "./circle-shapes.ts";
import type { CircleState, FakeMember } from "./circle-state.ts";
import type { Answer } from "./faults.ts";
import type { FakeRequest } from "./server.ts";

const parse = (body: string): Record<string, unknown> => {
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    return {};
  }
};

/** Mints and refreshes the tokens of members: Headless Auth. */
export function answerAuth(state: CircleState, { method, url, headers, body }: FakeRequest): Answer {
  const token = headers.authorization?.match(/^bearer (.+)$/i)?.[1] ?? "";
  const sent = parse(body);
  if (method === "PATCH" && url.pathname.endsWith("/access_token/refresh")) {
    const renewed = state.tokens.renew(String(sent.refresh_token));
    return renewed ? { status: 200, body: renewed } : circleError(401, "The refresh token is invalid.");
  }
  if (method !== "POST" || !url.pathname.endsWith("/auth_token")) return circleError(404, "Not found.");
  if (state.tokens.admin.has(token)) return circleError(403, "The token is not of the type Headless Auth.");
  if (!state.tokens.headless.has(token)) return circleError(401, "The token is invalid.");
  const member = state.members.find(({ id, email }) =>
    id === Number(sent.community_member_id) || email === sent.email
  );
  if (!member) return circleError(404, "Community member not found.");
  return {
    status: 200,
    body: {
      ...state.tokens.mint(member.id),
      community_member_id: member.id,
      community_id: state.communityId,
    },
  };
}

/** The Headless Member API, version 1, as far as Fixloop uses it. */
export function answerHeadless(state: CircleState, request: FakeRequest): Answer {
  const session = state.tokens.memberOf(request.headers.authorization?.match(/^bearer (.+)$/i)?.[1]);
  if ("problem" in session) return circleError(401, session.problem);
  const member = state.members.find(({ id }) => id === session.memberId);
  if (!member) return circleError(401, "Community member associated with the access token not found.");
  const parts = request.url.pathname.replace(/^\/api\/headless\/v1\//, "").split("/");
  switch (parts[0]) {
    case "messages":
      return parts[1] === undefined ? roomList(state, request) : roomAnswer(state, request, parts, member);
    case "chat_threads":
      return threads(state, request, parts, member);
    case "spaces":
      if (parts[2] === "posts") {
        const posts = state.posts.filter(({ space }) => space.id === Number(parts[1]));
        return {
          status: 200,
          body: pageOf(posts.map((post) => postJson(state, post)), request.url.searchParams),
        };
      }
      return { status: 200, body: state.spaces.map((space) => headlessSpaceJson(state, space)) };
    case "posts":
    case "comments":
      return comments(state, request, parts, member);
    case "community_members":
      return memberPage(state, request);
  }
  return circleError(404, "Not found.");
}

function roomList(state: CircleState, { url }: FakeRequest): Answer {
  const rooms = state.shows.embeddedRooms ? state.spaces.filter(({ roomUuid }) => roomUuid !== null) : [];
  return { status: 200, body: pageOf(rooms.map(roomJson), url.searchParams) };
}

function roomAnswer(
  state: CircleState,
  request: FakeRequest,
  [, uuid = "", what, id]: string[],
  member: FakeMember,
): Answer {
  const space = state.spaces.find(({ roomUuid }) => roomUuid === uuid);
  if (!space) return circleError(404, "Chat room not found.");
  if (what === "chat_room_participants") {
    return { status: 200, body: pageOf(state.members.map(participantJson), request.url.searchParams, 50) };
  }
  if (what !== "chat_room_messages") return { status: 200, body: { chat_room: roomJson(space) } };
  if (request.method === "POST") return send(state, request, uuid, member);
  if (id !== undefined) return oneMessage(state, request, uuid, Number(id), member);
  const asked = request.url.searchParams.get("parent_message_id");
  const parentId = state.shows.windowsOfReplies ? asked : null;
  const messages = state.roomOf(uuid).filter((message) =>
    message.parentId === (parentId === null ? null : Number(parentId))
  );
  const page = windowOf(messages, request.url.searchParams);
  if (page === null) return circleError(404, "Chat room message not found.");
  return { status: 200, body: { ...page, records: page.records.map((one) => messageJson(state, one)) } };
}

function oneMessage(
  state: CircleState,
  { method, body }: FakeRequest,
  uuid: string,
  id: number,
  member: FakeMember,
): Answer {
  const message = state.find(uuid, id);
  if (!message) return circleError(404, "Chat room message not found.");
  if (method === "GET") return { status: 200, body: messageJson(state, message) };
  if (message.author !== member) return circleError(403, "You are not authorized to perform this action.");
  if (method === "DELETE") state.remove(message);
  else state.edit(message, plainText(parse(body).rich_text_body));
  return method === "DELETE" ? { status: 204 } : { status: 200, body: messageJson(state, message) };
}

/** 202 without an id, as Circle answers: the message is there later, or not at all. */
function send(state: CircleState, { body }: FakeRequest, uuid: string, member: FakeMember): Answer {
  const sent = parse(body);
  const document = (sent.rich_text_body as { body?: { type?: string } } | undefined)?.body;
  if (document?.type !== "doc") return circleError(422, "Rich text body is invalid.");
  const parentId = sent.parent_message_id === undefined ? null : Number(sent.parent_message_id);
  if (parentId !== null && state.find(uuid, parentId)?.parentId !== null) {
    return circleError(404, "Parent message not found.");
  }
  const text = typeof sent.body === "string" ? sent.body : plainText(sent.rich_text_body);
  const message = state.send(uuid, member, text, sent.rich_text_body, parentId);
  return {
    status: 202,
    body: {
      creation_uuid: message.creationUuid,
      parent_message_id: parentId,
      sent_at: message.sentAt.toISOString(),
    },
  };
}

const plainText = (node: unknown): string => {
  if (typeof node !== "object" || node === null) return "";
  const { text, body, content, type } = node as Record<string, unknown>;
  if (typeof text === "string") return text;
  if (type === "hardBreak") return "\n";
  const parts = Array.isArray(content) ? content.map(plainText) : [];
  return body === undefined ? parts.join(type === "doc" ? "\n\n" : "") : plainText(body);
};

/** The threads that the member takes part in; rooms without one do not appear. */
function threads(state: CircleState, { url }: FakeRequest, [, id]: string[], member: FakeMember): Answer {
  const roots = state.spaces.flatMap(({ roomUuid }) => state.roomOf(roomUuid ?? ""))
    .filter(({ parentId, threadId }) => parentId === null && threadId !== null);
  if (id !== undefined) {
    const root = roots.find(({ threadId }) => threadId === Number(id));
    return root ? { status: 200, body: threadJson(state, root) } : circleError(404, "Chat thread not found.");
  }
  const own = roots.filter((root) =>
    root.author === member || state.repliesTo(root).some(({ author }) => author === member)
  );
  return {
    status: 200,
    body: pageOf(own.toReversed().map((root) => threadJson(state, root)), url.searchParams, 20),
  };
}

function comments(
  state: CircleState,
  { method, url, body }: FakeRequest,
  [kind, id, what]: string[],
  member: FakeMember,
): Answer {
  const parent = kind === "comments" ? state.comments.find((one) => one.id === Number(id)) : null;
  const post = kind === "comments" ? parent?.post : state.posts.find((one) => one.id === Number(id));
  if (!post || parent === undefined) return circleError(404, "Not found.");
  if (method === "POST") {
    if (what === "replies" && parent?.parentId !== null) return circleError(404, "Comment not found.");
    const sent = parse(body).comment as { body?: unknown } | undefined;
    if (typeof sent?.body !== "string" || sent.body === "") return circleError(422, "Body can't be blank.");
    const added = state.addComment(post, member, sent.body, parent?.id ?? null);
    return { status: 201, body: headlessCommentJson(state, added) };
  }
  const list = state.comments.filter((one) => one.post === post && one.parentId === (parent?.id ?? null));
  return {
    status: 200,
    body: pageOf(list.map((one) => headlessCommentJson(state, one)), url.searchParams),
  };
}

function memberPage(state: CircleState, { url }: FakeRequest): Answer {
  const text = url.searchParams.get("search_text")?.toLowerCase() ?? "";
  const after = Number(url.searchParams.get("search_after[]") ?? 0);
  const found = state.members.filter(({ id, name, email }) =>
    id > after && (name.toLowerCase().includes(text) || email === text)
  );
  const page = pageOf(found, new URLSearchParams({ per_page: url.searchParams.get("per_page") ?? "10" }));
  return {
    status: 200,
    body: {
      ...page,
      next_search_after: page.has_next_page ? [page.records.at(-1)?.id] : null,
      records: page.records.map((member) => memberJson(state, member)),
    },
  };
}
