import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  agree,
  Browser,
  connect,
  connectAndComplete,
  follow,
  outcome,
  post,
  RETURN_TO,
  start,
} from "../support/connections.ts";
import { answerOf, connectionsOf, type OauthFlows, openOauthFlows } from "../support/oauth-flows.ts";

// Connecting by OAuth over HTTP, with fakes of the providers' authorization servers: what its user sees.

let flows: OauthFlows;
let providers: OauthFlows["providers"];
let project: OauthFlows["project"];
let sql: OauthFlows["sql"];
let ana: OauthFlows["ana"];

beforeAll(async () => {
  flows = await openOauthFlows();
  ({ providers, project, sql, ana } = flows);
});
afterAll(() => flows?.close());
beforeEach(() => flows.reset());

describe("a user connects", () => {
  test("GitHub, with an OAuth app: a token that does not expire", async () => {
    const answer = await connectAndComplete(project, ana, "github");
    expect([answer.status, answer.body]).toMatchObject([200, {
      connection: {
        platform: "github",
        platform_username: "octocat",
        status: "connected",
        token_expires_at: null,
        scopes: ["read:user"],
      },
      replaced: null,
    }]);
    const [row] = await connectionsOf(ana) ?? [];
    expect(row).toMatchObject({ platform: "github", platform_username: "octocat", refresh_token: null });
    expect(row?.access_token).toMatch(/^secret:[0-9a-f-]{36}$/);
    expect(row?.platform_user_id).toBe(
      String(providers.github.state.users.find(({ login }) => login === "octocat")?.id),
    );
  });

  test("GitHub, with a GitHub App: an expiring token, and one to refresh it", async () => {
    for (const app of providers.github.state.oauth.apps) app.isExpiring = true;
    expect((await connectAndComplete(project, ana, "github")).status).toBe(200);
    const [row] = await connectionsOf(ana) ?? [];
    expect(row?.refresh_token).toBe(row?.access_token);
    const hours = (Date.parse(row?.token_expires_at ?? "") - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(7.9);
    expect(hours).toBeLessThanOrEqual(8);
  });

  test("YouTube: the channel", async () => {
    const answer = await connectAndComplete(project, ana, "youtube");
    expect(answer.body).toMatchObject({
      connection: {
        platform_username: "Maya codes",
        platform_user_id: providers.google.state.users[0]?.channel?.id,
        scopes: ["https://www.googleapis.com/auth/youtube.readonly"],
      },
    });
    expect((await connectionsOf(ana))?.[0]?.refresh_token).toMatch(/^secret:/);
  });

  test("with the scopes that it needs, and private repositories when it is asked for them", async () => {
    const asked = async (platform: string, scope?: string) => {
      const to = await follow(new Browser(), await start(project, ana, platform, scope ? { scope } : {}));
      return Object.fromEntries(to.searchParams);
    };
    expect(await asked("github")).toMatchObject({
      response_type: "code",
      scope: "read:user",
      code_challenge_method: "S256",
      redirect_uri: `${project.url}/functions/v1/oauth-callback/github`,
    });
    expect(await asked("github", "private")).toMatchObject({ scope: "read:user repo" });
    expect(await asked("youtube")).toMatchObject({
      scope: "https://www.googleapis.com/auth/youtube.readonly",
      access_type: "offline",
      prompt: "consent",
    });
    expect(
      outcome(
        await post(project, ana, "oauth-start", {
          platform: "youtube",
          return_to: RETURN_TO,
          scope: "private",
        }),
      ),
    )
      .toBe("422 devpulse_oauth_scope_invalid");
  });

  test("again: the row is used again, and completing twice changes nothing", async () => {
    const first = await connectAndComplete(project, ana, "github");
    const code = await connect(project, ana, "github");
    const [second, third] = [
      await post(project, ana, "oauth-callback/github", { code }),
      await post(project, ana, "oauth-callback/github", { code }),
    ];
    expect(second.body).toEqual(third.body);
    expect(second.body.connection).toEqual(first.body.connection);
    expect(await sql`select from private.secrets`).toHaveLength(1);
  });

  test("in two tabs of one browser", async () => {
    const browser = new Browser();
    const [one, two] = [
      await agree(browser, await start(project, ana, "github")),
      await agree(browser, await start(project, ana, "github")),
    ];
    for (const back of [one, two]) {
      expect(answerOf(await follow(browser, back))).toMatchObject({ platform: "github", tab: "connections" });
    }
    expect(browser.cookies).toEqual([]);
  });
});

describe("the browser", () => {
  test("gets the verifier in a cookie for the callback alone, and the database has hashes only", async () => {
    const browser = new Browser();
    const url = await start(project, ana, "github");
    const { headers, location } = await browser.visit(url);
    expect(headers.get("set-cookie")).toMatch(
      /^fixloop-oauth-[0-9a-f]{16}=[\w-]{43}; Max-Age=600; Path=\/functions\/v1\/oauth-callback\/github; HttpOnly; SameSite=Lax$/,
    );
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    const verifier = browser.cookies[0]?.value ?? "";
    const sha256 = (text: string) => createHash("sha256").update(text).digest();
    expect(location?.searchParams.get("code_challenge")).toBe(sha256(verifier).toString("base64url"));
    const [flow] = await sql`select * from private.oauth_flows`;
    expect(flow?.challenge).toEqual(sha256(verifier));
    expect(flow?.state_hash).toEqual(sha256(location?.searchParams.get("state") ?? ""));
    expect(flow?.ticket_hash).toEqual(sha256(new URL(url).searchParams.get("ticket") ?? ""));
  });

  test("uses a ticket once, within ten minutes", async () => {
    const url = await start(project, ana, "github");
    await follow(new Browser(), url);
    expect((await new Browser().visit(url)).text).toContain("devpulse_oauth_ticket_invalid");
    const late = await start(project, ana, "github");
    await sql`update private.oauth_flows set expires_at = now()`;
    for (const one of [late, `${late}x`, `${late}&ticket=x`, late.replace(/\?.*/, "")]) {
      const visit = await new Browser().visit(one);
      expect([visit.status, visit.text]).toEqual([
        401,
        expect.stringContaining("devpulse_oauth_ticket_invalid"),
      ]);
    }
  });

  test("returns with the code of what went wrong, and never with a secret", async () => {
    const { github, google } = providers;
    github.state.oauth.consent.isRefused = true;
    expect(await connect(project, ana, "github")).toBe("devpulse_oauth_access_forbidden");
    github.state.oauth.consent.isRefused = false;
    github.state.faults.push({ path: "/access_token", status: 502, body: "<html>" });
    expect(await connect(project, ana, "github")).toBe("devpulse_oauth_provider_unavailable");
    github.state.faults.push({ path: "/access_token", status: 200, body: "<html>Unicorn!</html>" });
    expect(await connect(project, ana, "github")).toBe("devpulse_oauth_provider_unavailable");
    github.state.faults.push({ path: /\/user$/, status: 500, body: "x" });
    expect(await connect(project, ana, "github")).toBe("devpulse_oauth_provider_unavailable");
    github.state.faults.push({ path: /\/user$/, status: 200, body: { id: "1", login: 5 } });
    expect(await connect(project, ana, "github")).toBe("devpulse_oauth_provider_unavailable");
    google.state.oauth.consent.scopes = [];
    expect(await connect(project, ana, "youtube")).toBe("devpulse_oauth_scope_required");
    google.state.oauth.consent.scopes = null;
    google.state.addUser({ name: "Eve" });
    google.state.oauth.consent.as = "Eve";
    expect(await connect(project, ana, "youtube")).toBe("devpulse_oauth_channel_required");
    google.state.oauth.consent.as = "Maya";
    google.state.faults.push({
      path: "/token",
      status: 200,
      body: {
        access_token: "ya29.x",
        expires_in: 3599,
        token_type: "Bearer",
        scope: "https://www.googleapis.com/auth/youtube.readonly",
      },
    });
    expect(await connect(project, ana, "youtube")).toBe("devpulse_oauth_refresh_token_required");
    expect(await connectionsOf(ana)).toEqual([]);
  });

  test("asks YouTube within the quota of the project, which counts it", async () => {
    const spent = async () =>
      Number(
        (await sql`select sum(spent_count) as spent from private.provider_spending where provider = 'youtube'`)[
          0
        ]?.spent,
      );
    const before = await spent();
    expect((await connectAndComplete(project, ana, "youtube")).status).toBe(200);
    expect(await spent()).toBe(before + 1);
    await sql`insert into private.provider_pauses (provider, paused_until) values ('youtube', now() + interval '1 hour')`;
    expect(await connect(project, ana, "youtube")).toBe("devpulse_oauth_provider_unavailable");
    await sql`delete from private.provider_pauses`;
  });
});
