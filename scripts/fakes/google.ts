import { createGoogleState, type GoogleState } from "./google-state.ts";
import { answerOrFail, readRequest, send, startServer } from "./server.ts";
import { answerYoutube, googleError } from "./youtube-routes.ts";

export type { GoogleState } from "./google-state.ts";

export interface FakeGoogleOptions {
  now?: () => Date;
}

export interface FakeGoogle {
  /** Base of the APIs, `<url>/youtube/v3`, and of OAuth, for `GOOGLE_{API,ACCOUNTS,OAUTH}_URL`. */
  url: string;
  state: GoogleState;
  stop(): Promise<void>;
}

/**
 * Starts a fake of the part of Google's APIs that Fixloop uses, over HTTP on a free port of the loopback
 * address: the YouTube Data API with the project's daily quota, and the authorization server.
 */
export async function startFakeGoogle(options: FakeGoogleOptions = {}): Promise<FakeGoogle> {
  const state = createGoogleState(options.now ?? (() => new Date()));
  const server = await startServer(async (incoming, response) => {
    const request = await readRequest(incoming);
    const token = request.headers.authorization?.match(/^bearer (.+)$/i)?.[1];
    const seen = {
      method: request.method,
      path: request.path,
      userId: state.userOf(token)?.user.id ?? null,
      status: 0,
      cost: 0,
    };
    state.requests.push(seen);
    const answer = await answerOrFail(state.faults, request, async () => {
      if (request.url.pathname.startsWith("/youtube/v3/")) {
        const { answer, cost } = answerYoutube(state, request);
        seen.cost = cost;
        return answer;
      }
      return await state.oauth.answer(request) ??
        googleError(404, "Not Found", { domain: "global", reason: "notFound" }, "NOT_FOUND");
    });
    seen.status = answer?.status ?? 0;
    send(response, answer, { server: "ESF", "cache-control": "private" });
  });
  return { url: server.url, state, stop: server.stop };
}
