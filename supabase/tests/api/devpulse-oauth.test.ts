import { createHash } from "node:crypto";
import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  agree,
  allowReturn,
  Browser,
  connect,
  connectAndComplete,
  follow,
  outcome,
  post,
  type Providers,
  RETURN_TO,
  start,
  startProviders,
} from "../support/connections.ts";
import { connect as openSql, openTestProject, type TestProject } from "../support/database.ts";
import { type Person, signUp } from "../support/people.ts";

// Connecting by OAuth over HTTP, with fakes of the providers' authorization servers: what its user sees, and each thing that
// somebody else could try.

const log: string[] = [];
let providers: Providers;
let project: TestProject;
let sql: Sql;
let ana: Person;
let mallory: Person;

beforeAll(async () => {
  providers = await startProviders();
  project = await openTestProject({
    functions: { env: providers.env, log: (_, line) => log.push(line) },
  });
  providers.register(project);
  sql = openSql(project.database);
  await allowReturn(sql);
  ana = await signUp(project, "ana");
  mallory = await signUp(project, "mallory");
});
afterAll(async () => {
  await sql?.end();
  await project?.close();
  await providers?.stop();
});
beforeEach(async () => {
  await sql`delete from private.token_checks`;
  await sql`delete from private.oauth_flows`;
  await sql`delete from public.platform_connections`;
  await sql`delete from private.secrets`;
  for (const { faults, oauth } of [providers.github.state, providers.google.state]) {
    faults.length = 0;
    oauth.calls.length = 0;
    Object.assign(oauth.consent, { isRefused: false, scopes: null });
    for (const app of oauth.apps) app.isExpiring = false;
  }
});

const rowsOf = (person: Person) =>
  person.client.from("platform_connections").select("*").then(({ data }) => data);
const answerOf = (back: URL) => Object.fromEntries(back.searchParams);

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
    const [row] = await rowsOf(ana) ?? [];
    expect(row).toMatchObject({ platform: "github", platform_username: "octocat", refresh_token: null });
    expect(row?.access_token).toMatch(/^secret:[0-9a-f-]{36}$/);
    expect(row?.platform_user_id).toBe(
      String(providers.github.state.users.find(({ login }) => login === "octocat")?.id),
    );
  });

  test("GitHub, with a GitHub App: an expiring token, and one to refresh it", async () => {
    for (const app of providers.github.state.oauth.apps) app.isExpiring = true;
    expect((await connectAndComplete(project, ana, "github")).status).toBe(200);
    const [row] = await rowsOf(ana) ?? [];
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
    expect((await rowsOf(ana))?.[0]?.refresh_token).toMatch(/^secret:/);
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
    expect(await rowsOf(ana)).toEqual([]);
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

describe("refused", () => {
  test.each([
    "https://app.example/settings",
    "https://app.example/settings?tab=connections&x=1",
    "https://app.example/settings?tab=connections/",
    "https://app.example/settings?tab=connections#there",
    "https://app.example/settings?tab=Connections",
    "https://APP.example/settings?tab=connections",
    "https://app.example.evil.test/settings?tab=connections",
    "https://app.example@evil.test/settings?tab=connections",
    "https://user@app.example/settings?tab=connections",
    "https://evil.test/?https://app.example/settings?tab=connections",
    "http://app.example/settings?tab=connections",
    "//app.example/settings?tab=connections",
    "https:\\\\app.example\\settings?tab=connections",
    " https://app.example/settings?tab=connections",
    "https://app.example/settings?tab=connections\n",
    "javascript:alert(1)",
    "",
  ])("an open redirect: %j", async (return_to) => {
    expect(outcome(await post(project, ana, "oauth-start", { platform: "github", return_to })))
      .toBe("422 devpulse_return_url_invalid");
  });

  test("an address that is removed from the list meanwhile", async () => {
    const browser = new Browser();
    const back = await agree(browser, await start(project, ana, "github"));
    await allowReturn(sql, []);
    const { status, location, text } = await browser.visit(back);
    await allowReturn(sql);
    expect([status, location, text]).toEqual([
      422,
      null,
      expect.stringContaining("devpulse_return_url_invalid"),
    ]);
  });

  test("whoever is not signed in, and another platform", async () => {
    const body = { platform: "github", return_to: RETURN_TO };
    expect(outcome(await post(project, {}, "oauth-start", body))).toBe("401 sign_in_required");
    expect(
      outcome(
        await post(project, { authorization: `Bearer ${project.publishableKey}` }, "oauth-start", body),
      ),
    )
      .toBe("401 token_invalid");
    const forged = `e30.${
      Buffer.from(JSON.stringify({ sub: ana.id, role: "authenticated" })).toString("base64url")
    }.x`;
    expect(outcome(await post(project, { authorization: `Bearer ${forged}` }, "oauth-start", body)))
      .toBe("401 token_invalid");
    for (const platform of ["devto", "gitlab", "GitHub", ""]) {
      expect(outcome(await post(project, ana, "oauth-start", { ...body, platform })))
        .toBe("422 devpulse_platform_unsupported");
    }
    expect(outcome(await post(project, ana, "oauth-start", { platform: ["github"] })))
      .toBe("422 devpulse_oauth_body_invalid");
  });

  test("a replay of the provider's answer", async () => {
    const browser = new Browser();
    const back = await agree(browser, await start(project, ana, "github"));
    const cookies = [...browser.cookies];
    expect(answerOf(await follow(browser, back))).toHaveProperty("connection_code");
    browser.cookies.push(...cookies);
    expect(answerOf(await follow(browser, back)).error).toBe("devpulse_oauth_state_invalid");
    expect(providers.github.state.oauth.count("exchange")).toBe(1);
  });

  test("the same, twenty times at the same moment: one is accepted", async () => {
    const browser = new Browser();
    const back = await agree(browser, await start(project, ana, "github"));
    const answers = await Promise.all(Array.from({ length: 20 }, async () => {
      const own = new Browser();
      own.cookies.push(...browser.cookies);
      return answerOf(await follow(own, back));
    }));
    expect(answers.filter((answer) => "connection_code" in answer)).toHaveLength(1);
    expect(new Set(answers.flatMap(({ error }) => error ?? []))).toEqual(
      new Set(["devpulse_oauth_state_invalid"]),
    );
  });

  test("the answer of one provider at the address of another", async () => {
    const browser = new Browser();
    const back = await agree(browser, await start(project, ana, "github"));
    const mixed = new URL(back.href.replace("oauth-callback/github", "oauth-callback/youtube"));
    for (const cookie of browser.cookies) cookie.path = "/";
    expect(answerOf(await follow(browser, mixed)))
      .toEqual({ tab: "connections", platform: "youtube", error: "devpulse_oauth_platform_invalid" });
    // and it is used up
    expect(answerOf(await follow(browser, back)).error).toBe("devpulse_oauth_state_invalid");
    expect([providers.github, providers.google].map(({ state }) => state.oauth.count("exchange"))).toEqual([
      0,
      0,
    ]);
  });

  test("an answer that names another issuer", async () => {
    const browser = new Browser();
    const back = await agree(browser, await start(project, ana, "github"));
    back.searchParams.set("iss", "https://evil.test");
    expect(answerOf(await follow(browser, back)).error).toBe("devpulse_oauth_response_invalid");
    const again = await agree(browser, await start(project, ana, "github"));
    again.searchParams.set("iss", `${providers.github.url}/login/oauth`);
    expect(answerOf(await follow(browser, again))).toHaveProperty("connection_code");
  });

  test("a code that another flow was given", async () => {
    const [hers, his] = [new Browser(), new Browser()];
    const stolen = await agree(hers, await start(project, ana, "github"));
    const back = await agree(his, await start(project, mallory, "github"));
    back.searchParams.set("code", stolen.searchParams.get("code") ?? "");
    expect(answerOf(await follow(his, back)).error).toBe("devpulse_oauth_code_invalid");
  });

  test("a code and a state in another browser", async () => {
    const browser = new Browser();
    const back = await agree(browser, await start(project, ana, "github"));
    expect(answerOf(await follow(new Browser(), back)).error).toBe("devpulse_oauth_browser_invalid");
    const planted = new Browser();
    await agree(planted, await start(project, mallory, "github"));
    expect(answerOf(await follow(planted, back)).error).toBe("devpulse_oauth_state_invalid");
    expect(providers.github.state.oauth.count("exchange")).toBe(0);
  });

  test("a state that nobody was given: without an address to return to, the answer is an error", async () => {
    const callback = `${project.url}/functions/v1/oauth-callback/github`;
    for (
      const query of [
        "",
        "?state=",
        "?code=x",
        `?code=x&state=${"a".repeat(43)}`,
        `?error=access_denied&state=${"a".repeat(43)}`,
      ]
    ) {
      const { status, location, text } = await new Browser().visit(`${callback}${query}`);
      expect([status, location, text]).toEqual([
        400,
        null,
        expect.stringContaining("devpulse_oauth_state_invalid"),
      ]);
    }
    expect((await new Browser().visit(`${project.url}/functions/v1/oauth-callback/gitlab?state=x`)).status)
      .toBe(404);
  });

  test("an answer without a code, or with two", async () => {
    for (
      const change of [
        (url: URL) => url.searchParams.delete("code"),
        (url: URL) => url.searchParams.append("code", "x"),
      ]
    ) {
      const browser = new Browser();
      const back = await agree(browser, await start(project, ana, "github"));
      change(back);
      expect(answerOf(await follow(browser, back)).error).toBe("devpulse_oauth_response_invalid");
    }
  });

  test("an answer after ten minutes", async () => {
    const browser = new Browser();
    const back = await agree(browser, await start(project, ana, "github"));
    await sql`update private.oauth_flows set expires_at = now()`;
    expect(answerOf(await follow(browser, back)).error).toBe("devpulse_oauth_state_expired");
  });

  test("a flow of an account that was banned meanwhile, at each step", async () => {
    const nina = await signUp(project, "nina");
    const ban = (until: string) => sql`update auth.users set banned_until = ${until} where id = ${nina.id}`;
    const browser = new Browser();
    const [unopened, opened] = [await start(project, nina, "github"), await start(project, nina, "github")];
    const back = await agree(browser, opened);
    const code = await connect(project, nina, "github");
    await ban("2100-01-01");
    expect((await new Browser().visit(unopened)).status).toBe(401);
    expect(answerOf(await follow(browser, back)).error).toBe("devpulse_user_unknown");
    expect(outcome(await post(project, nina, "oauth-callback/github", { code }))).toBe(
      "401 sign_in_required",
    );
    expect(outcome(await post(project, nina, "oauth-start", { platform: "github", return_to: RETURN_TO })))
      .toBe("401 sign_in_required");
    await ban("2000-01-01");
    expect((await post(project, nina, "oauth-callback/github", { code })).status).toBe(200);
  });
});

describe("only the user who started a flow completes it", () => {
  test("a victim who is led through an attacker's flow connects nothing", async () => {
    // Mallory starts, and has Ana's browser open the address: Ana agrees, and Ana's page has the code
    const code = await connect(project, mallory, "github");
    expect(outcome(await post(project, ana, "oauth-callback/github", { code })))
      .toBe("404 devpulse_connection_code_unknown");
    // what Ana granted is erased, so that nobody has it, even with the code
    expect(outcome(await post(project, mallory, "oauth-callback/github", { code })))
      .toBe("404 devpulse_connection_code_unknown");
    expect([await rowsOf(ana), await rowsOf(mallory)]).toEqual([[], []]);
    expect(await sql`select from private.oauth_flows where sealed is not null`).toHaveLength(0);
  });

  test("with a code that is known, not expired, of this platform, and with an access token", async () => {
    const code = await connect(project, ana, "github");
    expect(outcome(await post(project, ana, "oauth-callback/youtube", { code })))
      .toBe("404 devpulse_connection_code_unknown");
    expect(outcome(await post(project, {}, "oauth-callback/github", { code }))).toBe("401 sign_in_required");
    expect(outcome(await post(project, ana, "oauth-callback/github", { code: `${code}x` })))
      .toBe("404 devpulse_connection_code_unknown");
    expect(outcome(await post(project, ana, "oauth-callback/github", { connection_code: code })))
      .toBe("422 devpulse_connection_body_invalid");
    await sql`update private.oauth_flows set expires_at = now()`;
    expect(outcome(await post(project, ana, "oauth-callback/github", { code })))
      .toBe("404 devpulse_connection_code_unknown");
  });

  test("comes back from a provider ten times in ten minutes", async () => {
    for (let count = 0; count < 10; count++) {
      expect(await connect(project, ana, "github")).toMatch(/^[\w-]{43}$/);
    }
    expect(await connect(project, ana, "github")).toBe("devpulse_oauth_rate_limited");
    expect(providers.github.state.oauth.count("exchange")).toBe(10);
    expect(await connect(project, mallory, "github")).toMatch(/^[\w-]{43}$/);
    expect(await connect(project, ana, "youtube")).toMatch(/^[\w-]{43}$/);
  });

  test("keeps the last ten flows of a user", async () => {
    const first = await start(project, ana, "github");
    for (let count = 0; count < 10; count++) await start(project, ana, "github");
    expect((await new Browser().visit(first)).status).toBe(401);
    expect(await sql`select from private.oauth_flows`).toHaveLength(10);
  });
});

test("the log has a line for each request, and no token, code, state, verifier or key", () => {
  const text = log.join("\n");
  expect(log.length).toBeGreaterThan(50);
  expect(text).not.toMatch(/gh[opru]_|ya29|1\/\/0|ticket=|connection_code=|state=/);
  for (const line of log) expect(JSON.parse(line)).toHaveProperty("request_id");
});
