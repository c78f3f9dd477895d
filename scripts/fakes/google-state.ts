import { createHash } from "node:crypto";
import type { Fault } from "./faults.ts";
import { createOAuthServer } from "./oauth-routes.ts";

/** An account at Google. */
export interface FakeGoogleUser {
  /** Google's `sub`. */
  id: string;
  email: string;
  name: string;
  /** Null: the account has no channel. */
  channel: FakeChannel | null;
}

export interface FakeAccessToken {
  token: string;
  userId: string;
  scopes: string[];
  expiresAt: Date | null;
}

export interface FakeChannel {
  /** `UC…` */
  id: string;
  title: string;
  /** `@…` */
  handle: string;
  publishedAt: Date;
  subscribers: number;
  /** Whether the owner hides the number of subscribers, which the answer then lacks. */
  hidesSubscribers: boolean;
  views: number;
  /** In the order of publication, the oldest first. */
  videos: FakeVideo[];
}

export interface FakeVideo {
  id: string;
  title: string;
  description: string;
  publishedAt: Date;
  /** ISO 8601, such as `PT4M13S`. */
  duration: string;
  privacy: "public" | "unlisted" | "private";
  views: number;
  /** Null: the owner hides them, and the answer lacks the number. */
  likes: number | null;
  /** Null: comments are disabled. */
  comments: number | null;
}

export interface SeenGoogleRequest {
  method: string;
  /** With its query. */
  path: string;
  /** The owner of its token. */
  userId: string | null;
  status: number;
  /** Units of the quota. */
  cost: number;
}

export type GoogleState = ReturnType<typeof createGoogleState>;

export const READ_SCOPE = "https://www.googleapis.com/auth/youtube.readonly";

const digest = (text: string, length: number): string =>
  createHash("sha256").update(text).digest("base64url").slice(0, length);

/** The day at which Google's quota is reset at midnight, as `2026-11-30`. */
const pacificDay = (at: Date): string =>
  new Intl.DateTimeFormat("en-CA", { timeZone: "America/Los_Angeles" }).format(at);

/** The state of the fake: accounts, channels, videos, tokens, and the project's quota. */
export function createGoogleState(now: () => Date) {
  const users: FakeGoogleUser[] = [];
  const tokens: FakeAccessToken[] = [];
  const faults: Fault[] = [];
  const requests: SeenGoogleRequest[] = [];
  /** Of the project, whose users share it. */
  const quota = { limit: 10_000, used: 0, day: pacificDay(now()) };
  let lastId = 0;

  /** Counts units of the quota; false where it has not as many left. */
  const spend = (units: number): boolean => {
    const today = pacificDay(now());
    if (quota.day !== today) Object.assign(quota, { day: today, used: 0 });
    if (quota.used + units > quota.limit) return false;
    quota.used += units;
    return true;
  };

  const oauth = createOAuthServer("google", {
    findAccount: (name) => users.find((user) => user.name === name)?.id,
    add: (token, userId, scopes, expiresAt) => void tokens.push({ token, userId, scopes, expiresAt }),
    remove(token) {
      const at = tokens.findIndex((one) => one.token === token);
      if (at !== -1) tokens.splice(at, 1);
    },
    now,
  });

  return {
    /** The authorization server: `/o/oauth2/v2/auth`, `/token` and `/revoke`. */
    oauth,
    users,
    /** Access tokens that were handed out. */
    tokens,
    faults,
    /** Every request, the oldest first. */
    requests,
    quota,
    spend,
    now,

    /** The account of an access token that has not expired. */
    userOf(token: string | undefined): { user: FakeGoogleUser; scopes: string[] } | undefined {
      const found = tokens.find((one) => one.token === token);
      if (!found || (found.expiresAt && found.expiresAt <= now())) return undefined;
      const user = users.find(({ id }) => id === found.userId);
      return user && { user, scopes: found.scopes };
    },

    /** Adds an account, with an access token and a channel where these are given. */
    addUser(
      { name, email = `${name.toLowerCase()}@example.org`, token, channel }: {
        name: string;
        email?: string;
        token?: string;
        channel?: Partial<FakeChannel> & { title: string };
      },
    ): FakeGoogleUser {
      lastId++;
      const id = `1${String(lastId).padStart(20, "0")}`;
      const user: FakeGoogleUser = {
        id,
        email,
        name,
        channel: channel
          ? {
            id: `UC${digest(`channel ${lastId}`, 22)}`,
            handle: `@${name.toLowerCase()}`,
            publishedAt: now(),
            subscribers: 0,
            hidesSubscribers: false,
            views: 0,
            videos: [],
            ...channel,
          }
          : null,
      };
      users.push(user);
      if (token !== undefined) {
        tokens.push({ token, userId: id, scopes: [READ_SCOPE], expiresAt: null });
      }
      return user;
    },

    /** Adds a video to a channel, as its newest one. */
    addVideo(channel: FakeChannel, { title, ...video }: Partial<FakeVideo> & { title: string }): FakeVideo {
      lastId++;
      const added: FakeVideo = {
        id: digest(`video ${lastId}`, 11),
        title,
        description: `About ${title}`,
        publishedAt: now(),
        duration: "PT4M13S",
        privacy: "public",
        views: 0,
        likes: 0,
        comments: 0,
        ...video,
      };
      channel.videos.push(added);
      return added;
    },

    /** The units that requests to a path have cost; without one, all. */
    cost: (path = ""): number =>
      requests.filter((request) => request.path.includes(path)).reduce((sum, { cost }) => sum + cost, 0),
  };
}
