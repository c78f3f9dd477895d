import { createDevtoState, type DevtoState, type FakeArticle, type FakeDevtoUser } from "./devto-state.ts";
import type { Answer } from "./faults.ts";
import { answerOrFail, type FakeRequest, readRequest, send, startServer } from "./server.ts";

export type { DevtoState } from "./devto-state.ts";

export interface FakeDevto {
  /** Base of the site: the API is `<url>/api`. */
  url: string;
  state: DevtoState;
  stop(): Promise<void>;
}

/**
 * Starts a fake of the part of Forem's API (version 1) that Fixloop uses, over HTTP on a free port of the
 * loopback address. As at Dev.to, an address may send three requests in a second of the clock.
 */
export async function startFakeDevto(options: { now?: () => Date } = {}): Promise<FakeDevto> {
  const state = createDevtoState(options.now ?? (() => new Date()));
  const perSecond = new Map<number, number>();
  const server = await startServer(async (incoming, response) => {
    const request = await readRequest(incoming);
    const at = state.now();
    const user = state.userOf(String(request.headers["api-key"] ?? ""));
    const seen = {
      method: request.method,
      path: request.path,
      username: user?.username ?? null,
      status: 0,
      at,
    };
    state.requests.push(seen);
    const second = Math.floor(at.getTime() / 1000);
    const count = (perSecond.get(second) ?? 0) + 1;
    perSecond.set(second, count);
    const answer = await answerOrFail(
      state.faults,
      request,
      () =>
        state.limit.perSecond !== null && count > state.limit.perSecond
          ? {
            status: 429,
            body: "Retry later\n",
            headers: { "content-type": "text/plain", "retry-after": "1" },
          }
          : route(request, user),
    );
    seen.status = answer?.status ?? 0;
    send(response, answer, { vary: "Accept-Encoding, X-Loggedin" });
  });
  return { url: server.url, state, stop: server.stop };
}

function route({ method, url }: FakeRequest, user: FakeDevtoUser | undefined): Answer {
  const isMe = url.pathname === "/api/users/me";
  const isList = ["/api/articles/me", "/api/articles/me/published"].includes(url.pathname);
  if (method !== "GET" || (!isMe && !isList)) {
    return { status: 404, body: { error: "not found", status: 404 } };
  }
  if (!user) return { status: 401, body: { error: "unauthorized", status: 401 } };
  if (isMe) return { status: 200, body: userJson(user) };
  const perPage = Math.min(Number(url.searchParams.get("per_page") ?? 30), 1000);
  const page = Math.max(Number(url.searchParams.get("page") ?? 1), 1);
  const articles = user.articles.filter(({ isPublished }) => isPublished).toReversed()
    .slice((page - 1) * perPage, page * perPage);
  return { status: 200, body: articles.map((article) => articleJson(user, article)) };
}

const userJson = ({ id, username, name }: FakeDevtoUser) => ({
  type_of: "user",
  id,
  username,
  name,
  twitter_username: null,
  github_username: null,
  email: `${username}@example.org`,
  summary: null,
  location: null,
  website_url: null,
  joined_at: "Apr 14, 2023",
  profile_image: `https://media.dev.to/${username}.png`,
  badge_ids: [],
  followers_count: 0,
});

const articleJson = (user: FakeDevtoUser, article: FakeArticle) => {
  const slug = `${article.title.toLowerCase().replace(/\W+/g, "-")}-${article.id.toString(36)}`;
  const url = `https://dev.to/${user.username}/${slug}`;
  return {
    type_of: "article",
    id: article.id,
    title: article.title,
    description: article.description,
    published: article.isPublished,
    published_at: article.publishedAt.toISOString(),
    slug,
    path: `/${user.username}/${slug}`,
    url,
    comments_count: article.comments,
    public_reactions_count: article.reactions,
    page_views_count: article.views,
    published_timestamp: article.publishedAt.toISOString().replace(/\.\d+Z$/, "Z"),
    body_markdown: article.body,
    positive_reactions_count: article.reactions,
    cover_image: null,
    tag_list: article.tags,
    canonical_url: url,
    reading_time_minutes: article.readingTimeMinutes,
    user: {
      name: user.name,
      username: user.username,
      twitter_username: null,
      github_username: null,
      user_id: user.id,
      website_url: null,
      profile_image: `https://media.dev.to/${user.username}.png`,
      profile_image_90: `https://media.dev.to/${user.username}-90.png`,
    },
  };
};
