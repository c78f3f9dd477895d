import type { Sql } from "postgres";
import { describe, expect, test } from "vitest";
import type { FakeDevto } from "../../../scripts/fakes/devto.ts";
import type { FakeGithub } from "../../../scripts/fakes/github.ts";
import type { Stack } from "../../../scripts/local/stack.ts";
import { rotateSecrets } from "../../../scripts/secrets/rotate-secrets.ts";
import { createConnectionTokens, tokenDependencies } from "../../functions/_shared/connection-token.ts";
import { parseMasterKeys } from "../../functions/_shared/encryption.ts";
import { agree, Browser, follow, post, type Providers, start as startFlow } from "./connections.ts";
import { type Person, server } from "./people.ts";
import { rpcOf } from "./refresh-process.ts";

/** What the ways of a connection's tokens need, and where they put what is searched. */
export interface ConnectionWays {
  /** All tokens contain it. */
  mark: string;
  token: (way: string) => string;
  /** The master keys: the new one, and the one that tokens are sealed with. */
  keys: readonly [string, string];
  github: FakeGithub;
  providers: Providers;
  devto: FakeDevto;
  /** Answers, which must have no token. */
  answers: string[];
  /** What only the browser and the function may know. */
  passing: string[];
  stack: () => Stack;
  sql: () => Sql;
  ana: () => Person;
}

/** Tests that send the tokens and keys of connections every way there is. */
export function describeConnections(ways: ConnectionWays): void {
  const { mark: MARK, token, keys: [NEW, OLD], github, providers, devto, answers, passing } = ways;

  describe("tokens of connections go every way there is", () => {
    /** Posts to a function of connections, and keeps its answer to be searched. */
    async function send(path: string, body: unknown): Promise<string> {
      const answer = await post(ways.stack().project, ways.ana(), path, body);
      answers.push(answer.text);
      return `${answer.status} ${answer.body.code ?? (answer.body.connection as { status: string }).status}`;
    }

    /** The whole flow, as far as it goes. Returns the connection code, or the code of the error. */
    async function flow(platform: string): Promise<string> {
      const browser = new Browser();
      const url = await startFlow(ways.stack().project, ways.ana(), platform);
      const authorize = await follow(browser, url);
      passing.push(new URL(url).searchParams.get("ticket") ?? "", authorize.searchParams.get("state") ?? "");
      passing.push(...browser.cookies.map(({ value }) => value));
      const back = await follow(browser, await follow(browser, authorize));
      const code = back.searchParams.get("connection_code") ?? "";
      if (code !== "") passing.push(code);
      back.searchParams.delete("connection_code");
      answers.push(back.href);
      return code || (back.searchParams.get("error") ?? "");
    }

    const expire = () =>
      ways
        .sql()`update public.platform_connections set token_expires_at = now() where token_expires_at is not null`;
    const tokenOf = async (platform: string) => {
      const [connection] = await ways
        .sql()`select * from private.usable_connections where platform = ${platform}`;
      const env: Record<string, string> = { ...providers.env, SECRETS_MASTER_KEYS: `${NEW},${OLD}` };
      const rpc = rpcOf(ways.stack().project.url, ways.stack().project.secretKey);
      return await createConnectionTokens(tokenDependencies(rpc, (name) => env[name]))(
        { ...connection, token_expires_at: connection?.token_expires_at?.toISOString() ?? null } as never,
      );
    };

    test("connected, also where the provider or the database fails", async () => {
      for (const platform of ["github", "youtube"]) {
        const { faults } = (platform === "github" ? github : providers.google).state;
        for (const path of [/access_token|\/token/, /\/user$|\/channels/]) {
          for (const fault of [{ status: 500, body: `broken ${token("echoed")}` }, { isTruncated: true }]) {
            faults.push({ path, ...fault });
            expect(await flow(platform)).toBe("devpulse_oauth_provider_unavailable");
          }
        }
        faults.push({
          path: /access_token|\/token/,
          status: 200,
          body: { error: token("code"), access: token("x") },
        });
        expect(await flow(platform)).toBe("devpulse_oauth_provider_unavailable");
        await ways
          .sql()`alter table private.oauth_flows add constraint oauth_flows_refuse check (sealed is null) not valid`;
        expect(await flow(platform)).toBe("database_unavailable");
        await ways.sql()`alter table private.oauth_flows drop constraint oauth_flows_refuse`;
        expect(await send(`oauth-callback/${platform}`, { code: token("code") })).toBe(
          "404 devpulse_connection_code_unknown",
        );
        expect(await send(`oauth-callback/${platform}`, { code: await flow(platform) })).toBe(
          "200 connected",
        );
      }
    });

    test("in another browser, and back a second time", async () => {
      const browser = new Browser();
      const back = await agree(browser, await startFlow(ways.stack().project, ways.ana(), "github"));
      expect(String(await follow(new Browser(), back))).toContain("devpulse_oauth_browser_invalid");
      expect(String(await follow(browser, back))).toContain("devpulse_oauth_state_invalid");
    });

    test("refreshed, also where that fails", async () => {
      for (const platform of ["github", "youtube"]) {
        await expire();
        const { faults } = (platform === "github" ? github : providers.google).state;
        faults.push({ path: /access_token|\/token/, status: 502, body: `broken ${token("echoed")}` });
        expect((await tokenOf(platform)).kind).toBe("wait");
        await ways.sql()`update private.token_refreshes set next_attempt_at = now() where true`;
        expect(await tokenOf(platform)).toMatchObject({
          kind: "token",
          token: expect.stringContaining(MARK) as string,
        });
      }
      await expire();
      github.state.oauth.withdraw(String(github.state.users[0]?.id));
      expect((await tokenOf("github")).kind).toBe("reauth_required");
    });

    test("a key of Dev.to, good and bad", async () => {
      expect(await send("connect-devto", { api_key: token("nobody") })).toBe("422 devpulse_api_key_invalid");
      devto.state.faults.push({ path: "/me", status: 500, body: token("echoed") });
      expect(await send("connect-devto", { api_key: token("devto") })).toBe("503 devpulse_devto_unavailable");
      expect(await send("connect-devto", { api_key: [token("array")] })).toBe(
        "422 devpulse_connection_body_invalid",
      );
      expect(await send("connect-devto", { api_key: token("devto") })).toBe("200 connected");
      const plain = {
        user_id: ways.ana().id,
        platform: "devto",
        secret_id: ways.ana().id,
        sealed: token("unsealed"),
        account: {},
      };
      const { error } = await server(ways.stack().project).rpc("connect_by_key", plain);
      answers.push(JSON.stringify(error));
      expect(error?.message).toBe("agents_secret_invalid");
    });

    test("re-encrypted and disconnected", async () => {
      const client = server(ways.stack().project);
      expect(await rotateSecrets({ client, masterKeys: parseMasterKeys("X", `${NEW},${OLD}`) }))
        .toMatchObject({ failed: [], remaining: [] });
      github.state.faults.push({ path: "/applications/", status: 500, body: token("echoed") });
      for (const platform of ["github", "youtube"]) {
        expect(await send("disconnect-platform", { platform })).toBe("200 disconnected");
      }
    });
  });
}
