import { answerAdmin } from "./circle-admin.ts";
import { answerAuth, answerHeadless } from "./circle-headless.ts";
import { circleError } from "./circle-pages.ts";
import { type CircleState, createCircleState, type SeenCircleRequest } from "./circle-state.ts";
import type { Answer } from "./faults.ts";
import { answerOrFail, type FakeRequest, readRequest, send, startServer } from "./server.ts";

export type { CircleState, FakeChatMessage, FakeMember, FakePost, FakeSpace } from "./circle-state.ts";

export interface FakeCircle {
  /** Base of the APIs, for `CIRCLE_API_URL`. */
  url: string;
  state: CircleState;
  stop(): Promise<void>;
}

/**
 * Starts a fake of the part of Circle's APIs that Fixloop uses, over HTTP on a free port of the loopback address: Headless
 * Auth, the Headless Member API and the Admin API, with their paging, limits and quota. Messages that are sent can get lost,
 * or arrive twice or late: `state.mishaps`.
 */
export async function startFakeCircle(options: { now?: () => Date } = {}): Promise<FakeCircle> {
  const state = createCircleState(options.now ?? (() => new Date()));
  const server = await startServer(async (incoming, response) => {
    const request = await readRequest(incoming);
    const seen: SeenCircleRequest = {
      api: apiOf(request.url.pathname),
      method: request.method,
      path: request.path,
      status: 0,
      at: state.now(),
    };
    state.requests.push(seen);
    const answer = await answerOrFail(state.faults, request, () => answerWithin(state, request, seen.api));
    seen.status = answer?.status ?? 0;
    if (seen.api === "admin") state.limits.count(seen.status);
    send(response, answer, { vary: "Accept" });
  });
  return { url: server.url, state, stop: server.stop };
}

const apiOf = (path: string): SeenCircleRequest["api"] =>
  path.startsWith("/api/v1/headless/")
    ? "auth"
    : path.startsWith("/api/headless/v1/")
    ? "headless"
    : path.startsWith("/api/admin/v2/")
    ? "admin"
    : "other";

function answerWithin(state: CircleState, request: FakeRequest, api: SeenCircleRequest["api"]): Answer {
  const { retryAfter } = state.limits;
  if (state.limits.isTooMany()) {
    const headers = retryAfter === null ? {} : { "retry-after": String(retryAfter) };
    return circleError(429, "Too many requests.", headers);
  }
  if (api === "admin" && state.limits.isQuotaSpent()) {
    return circleError(429, "The API usage limit of this month is reached.");
  }
  switch (api) {
    case "auth":
      return answerAuth(state, request);
    case "headless":
      return answerHeadless(state, request);
    case "admin":
      return answerAdmin(state, request);
    case "other":
      return circleError(404, "Not found.");
  }
}
