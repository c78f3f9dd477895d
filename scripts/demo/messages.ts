// Payloads of a workflow that reads a Circle community: the envelope of an n8n flow that asked a language
// model whether the message is an issue. A single message and a thread have different keys for the same
// values, as in the real flow.

const ROOM = "5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77";
const SPACE = "https://club.example.org/c/help-chat";

/** A message outside of a thread: in the flow, its thread id is its own id. */
export const single = {
  Type: "single",
  Parent_Message: {
    chat_thread_id: 201500310,
    message_id: 201500310,
    parent_id: null,
    chat_room_uuid: ROOM,
    space_name: "Help chat",
    sender: "Ana Ruiz",
    created_at: "2026-03-02T09:14:05.120Z",
    edited_at: null,
    body: "Since the update I can't sign in any more: the page reloads and asks for my password again 😕",
    attachments: [],
    message_url: `${SPACE}/#message_201500310`,
    has_replies: false,
    replies_count: 0,
  },
  Replies: [],
  Issue_Details: {
    is_issue: true,
    issue_title: "Sign-in loops after the update",
    type: "Auth",
    reasoning: "A member cannot sign in.",
  },
};

const reply = (index: number, id: number, author: string, at: string, body: string) => ({
  reply_index: index,
  chat_thread_id: 1000990001,
  message_id: id,
  parent_id: 201500290,
  chat_room_uuid: ROOM,
  [`replier ${index}`]: author,
  created_at: at,
  edited_at: null,
  body,
  attachments: [],
  message_url: `${SPACE}/?message_id=${id}#message_201500290`,
});

const replies = [
  reply(
    1,
    201500301,
    "Lee Park",
    "2026-03-02T09:20:44.001Z",
    "Same here.\nOnly for large workspaces, I think.",
  ),
  reply(2, 201500305, "Priya Nair", "2026-03-02T09:31:10.482Z", "It worked yesterday on 2.4.0."),
  reply(
    3,
    201500322,
    "Lee Park",
    "2026-03-02T10:02:18.930Z",
    "Still there in 2.4.1, the log says TypeError: rows is undefined",
  ),
];

/** A thread with its first replies. */
export const thread = (replyCount: number) => ({
  Type: "thread",
  Parent_Message: {
    chat_thread_id: 1000990001,
    message_id: 201500290,
    parent_id: null,
    chat_room_uuid: ROOM,
    space_name: "Help chat",
    parent_sender: "Jo Meyer",
    created_at: "2026-03-02T09:02:51.700Z",
    edited_at: null,
    parent_body: "The CSV export throws an error and gives me an empty file. Anyone else?",
    parent_attachments: ["https://club.example.org/rails/active_storage/blobs/export-error.png"],
    message_url: `${SPACE}/#message_201500290`,
    has_replies: true,
    replies_count: replyCount,
  },
  Replies: replies.slice(0, replyCount),
  Issue_Details: {
    is_issue: true,
    issue_title: "CSV export gives an empty file",
    type: "Code Generation",
    reasoning: "Several members report an error.",
  },
});

/** Small talk: stored, but not an issue. */
export const smallTalk = {
  Type: "single",
  Parent_Message: {
    chat_thread_id: 201500340,
    message_id: 201500340,
    parent_id: null,
    chat_room_uuid: ROOM,
    space_name: "Help chat",
    sender: "Sam Okoro",
    created_at: "2026-03-02T10:40:00.000Z",
    edited_at: null,
    body: "Good morning everyone, lovely weather here!",
    attachments: [],
    message_url: `${SPACE}/#message_201500340`,
    has_replies: false,
    replies_count: 0,
  },
  Replies: [],
  Issue_Details: { is_issue: false, issue_title: null, type: null, reasoning: "A greeting." },
};

/** The payload of Circle's own workflow webhook: ids only. */
export const circleHint = {
  type: "access_groups_added",
  data: { community_id: 412233, community_member_id: 55512345, access_group_id: 9087 },
};
