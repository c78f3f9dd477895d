import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  agree,
  allowReturn,
  Browser,
  connect,
  follow,
  outcome,
  post,
  RETURN_TO,
  start,
} from "../support/connections.ts";
import { answerOf, connectionsOf, type OauthFlows, openOauthFlows } from "../support/oauth-flows.ts";
import { signUp } from "../support/people.ts";

// Connecting by OAuth over HTTP: each thing that somebody else could try.

let flows: OauthFlows;
let providers: OauthFlows["providers"];
let project: OauthFlows["project"];
let sql: OauthFlows["sql"];
let ana: OauthFlows["ana"];
let mallory: OauthFlows["mallory"];

beforeAll(async () => {
  flows = await openOauthFlows();
  ({ providers, project, sql, ana, mallory } = flows);
});
afterAll(() => flows?.close());
beforeEach(() => flows.reset());

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
    expect([await connectionsOf(ana), await connectionsOf(mallory)]).toEqual([[], []]);
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
  const { log } = flows;
  const text = log.join("\n");
  expect(log.length).toBeGreaterThan(50);
  expect(text).not.toMatch(/gh[opru]_|ya29|1\/\/0|ticket=|connection_code=|state=/);
  for (const line of log) expect(JSON.parse(line)).toHaveProperty("request_id");
});
