import { createHash } from "node:crypto";
import type { Answer } from "./faults.ts";
import { type FakeGoogleUser, type GoogleState, READ_SCOPE } from "./google-state.ts";
import type { FakeRequest } from "./server.ts";
import { channelJson, playlistItemJson, uploadsId, videoJson } from "./youtube-shapes.ts";

/** A part of an error, in Google's form. */
interface Detail {
  domain: string;
  reason: string;
  location?: string;
  locationType?: string;
}

/** An error in the form of Google's APIs. */
export const googleError = (status: number, message: string, detail: Detail, name?: string): Answer => ({
  status,
  body: {
    error: {
      code: status,
      message,
      errors: [{ message, ...detail }],
      ...(name ? { status: name } : {}),
    },
  },
});

const UNAUTHENTICATED = googleError(
  401,
  "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid " +
    "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
  { domain: "global", reason: "authError", location: "Authorization", locationType: "header" },
  "UNAUTHENTICATED",
);

const NO_SCOPE = googleError(
  403,
  "Request had insufficient authentication scopes.",
  { domain: "global", reason: "insufficientPermissions" },
  "PERMISSION_DENIED",
);

const QUOTA_EXCEEDED = googleError(
  403,
  'The request cannot be completed because you have exceeded your <a href="/youtube/v3/getting-started#quota">quota</a>.',
  { domain: "youtube.quota", reason: "quotaExceeded" },
);

const invalid = (parameter: string): Answer =>
  googleError(400, `Invalid value for parameter ${parameter}.`, {
    domain: "youtube.parameter",
    reason: "invalidValue",
    location: parameter,
    locationType: "parameter",
  });

const etagOf = (value: unknown): string =>
  createHash("sha1").update(JSON.stringify(value) ?? "").digest("base64url");

/**
 * Answers a request to the YouTube Data API: `channels` with `mine`, `playlistItems` and `videos`. Every call
 * with a valid token costs one unit, also one that is refused as invalid.
 *
 * @returns the answer and its cost in units
 */
export function answerYoutube(state: GoogleState, request: FakeRequest): { answer: Answer; cost: number } {
  const token = request.headers.authorization?.match(/^bearer (.+)$/i)?.[1];
  const found = state.userOf(token);
  if (!found) return { answer: UNAUTHENTICATED, cost: 0 };
  if (!found.scopes.includes(READ_SCOPE)) return { answer: NO_SCOPE, cost: 0 };
  if (!state.spend(1)) return { answer: QUOTA_EXCEEDED, cost: 0 };
  const path = request.url.pathname.replace("/youtube/v3/", "");
  const list = request.method === "GET" ? LISTS[path] : undefined;
  if (!list) {
    return {
      answer: googleError(404, "Not Found", { domain: "global", reason: "notFound" }, "NOT_FOUND"),
      cost: 1,
    };
  }
  const parts = (request.url.searchParams.get("part") ?? "").split(",").filter((part) => part !== "");
  if (parts.length === 0) {
    const message = "No filter selected. Expected one of: part";
    return {
      answer: googleError(400, message, {
        domain: "youtube.parameter",
        reason: "missingRequiredParameter",
        location: "part",
        locationType: "parameter",
      }),
      cost: 1,
    };
  }
  return { answer: list(state, found.user, request.url.searchParams, parts), cost: 1 };
}

type List = (
  state: GoogleState,
  user: FakeGoogleUser,
  query: URLSearchParams,
  parts: readonly string[],
) => Answer;

const response = (kind: string, items: unknown[], pageInfo: object, nextPageToken?: string): Answer => ({
  status: 200,
  body: {
    kind,
    etag: etagOf(items),
    ...(nextPageToken ? { nextPageToken } : {}),
    // an account without a channel gets no key `items`
    ...(items.length > 0 || kind !== "youtube#channelListResponse" ? { items } : {}),
    pageInfo,
  },
});

const LISTS: Record<string, List> = {
  channels(_state, user, query, parts) {
    if (query.get("mine") !== "true") return invalid("mine");
    const items = user.channel ? [channelJson(user.channel, etagOf(user.channel), parts)] : [];
    return response("youtube#channelListResponse", items, { totalResults: items.length, resultsPerPage: 5 });
  },

  playlistItems(state, user, query, parts) {
    const playlistId = query.get("playlistId");
    const channel = state.users.map((one) => one.channel).find((one) => one && uploadsId(one) === playlistId);
    const listed = (channel?.videos ?? [])
      .filter(({ privacy }) => privacy === "public" || channel === user.channel).toReversed();
    // as at YouTube, the playlist of a channel without a video does not exist
    if (!channel || listed.length === 0) {
      return googleError(
        404,
        "The playlist identified with the request's <code>playlistId</code> parameter cannot be found.",
        {
          domain: "youtube.playlistItem",
          reason: "playlistNotFound",
          location: "playlistId",
          locationType: "parameter",
        },
      );
    }
    const size = Number(query.get("maxResults") ?? 5);
    if (!(size >= 0 && size <= 50)) return invalid("maxResults");
    const start = Number(query.get("pageToken")?.replace(/^PT:/, "") ?? 0);
    if (!Number.isInteger(start)) return invalid("pageToken");
    const items = listed.slice(start, start + size).map((video, index) =>
      playlistItemJson(channel, video, start + index, etagOf(video), parts)
    );
    const next = start + size < listed.length ? `PT:${start + size}` : undefined;
    const pageInfo = { totalResults: listed.length, resultsPerPage: size };
    return response("youtube#playlistItemListResponse", items, pageInfo, next);
  },

  videos(state, user, query, parts) {
    const ids = (query.get("id") ?? "").split(",").filter((id) => id !== "");
    if (ids.length === 0 || ids.length > 50) return invalid("id");
    const items = ids.flatMap((id) =>
      state.users.flatMap(({ channel }) =>
        (channel?.videos ?? [])
          .filter((one) => one.id === id && (one.privacy !== "private" || channel === user.channel))
          .map((one) => channel && videoJson(channel, one, etagOf(one), parts))
      )
    );
    const pageInfo = { totalResults: items.length, resultsPerPage: items.length };
    return response("youtube#videoListResponse", items, pageInfo);
  },
};
