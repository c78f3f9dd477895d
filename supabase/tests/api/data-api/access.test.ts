import { createHmac } from "node:crypto";
import { type JWTPayload, SignJWT } from "jose";
import { afterAll, describe, expect, test } from "vitest";
import { JWT_SECRET } from "../../../../scripts/local/keys.ts";
import { connect } from "../../support/database.ts";
import { assertSameAcls, readAcls } from "../../support/acls.ts";
import { openDataApi } from "../../support/data-api.ts";

// Keys, tokens, roles and their settings: supabase.com/docs/guides/api/api-keys and
// docs.postgrest.org/en/v14/references/auth.html
const api = await openDataApi({
  script: `create function public.session_role() returns text language sql stable as 'select session_user'`,
});
const base64 = (text: string): string => Buffer.from(text).toString("base64url");
const admin = connect(api.project.database, "supabase_admin", 1);
afterAll(async () => {
  await admin.end();
  await api.project.close();
});
const secret = (text: string): Uint8Array => new TextEncoder().encode(text);
const token = (claims: Record<string, unknown>, key = JWT_SECRET, expires = "1h"): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).setIssuedAt().setExpirationTime(expires).sign(
    secret(key),
  );
const bearer = (jwt: string): Record<string, string> => ({ Authorization: `Bearer ${jwt}` });
const UID = "6c1b0a9e-2f5e-4b7a-9a51-0f6a4a0c8f1d";

describe("the api key", () => {
  test("that is missing is 401", async () => {
    const { status, headers, body } = await api.ask("GET", "clients", { key: null });
    expect([status, headers.get("sb-error-code")]).toEqual([401, "UNAUTHORIZED_MISSING_API_KEY"]);
    expect(body).toEqual({
      message: "No API key found in request",
      hint: "No `apikey` request header or url param was found.",
    });
  });

  test.each(["bad", "sb_publishable_other", "sb_secret_other"])("%s is 401", async (key) => {
    const { status, body } = await api.ask("GET", "clients", { key });
    expect([status, body.message]).toEqual([401, "Invalid API key"]);
  });

  test("can be in the query, but not in Authorization alone", async () => {
    const { publishableKey, secretKey } = api.project;
    expect((await api.ask("GET", `clients?apikey=${publishableKey}`, { key: null })).status).toBe(200);
    const alone = await api.ask("GET", "clients", { key: null, headers: bearer(secretKey) });
    expect(alone.status).toBe(401);
  });

  test.each([["publishable", "anon", "3s"], ["secret", "service_role", "8s"]])(
    "%s has the role %s with the timeout %s",
    async (kind, role, timeout) => {
      const key = kind === "secret" ? api.project.secretKey : api.project.publishableKey;
      for (const headers of [{}, bearer(key)]) {
        const { body } = await api.ask("POST", "rpc/who_am_i", { body: {}, key, headers });
        expect(body).toMatchObject({ current_user: role, role, uid: null, timeout, lock_timeout: "8s" });
      }
    },
  );
});

describe("a user's token", () => {
  test("sets the role and the claims, also with the secret key", async () => {
    const jwt = await token({ role: "authenticated", sub: UID, email: "a@b", app_metadata: { team: "x" } });
    for (const key of [api.project.publishableKey, api.project.secretKey]) {
      const { body } = await api.ask("POST", "rpc/who_am_i", { body: {}, key, headers: bearer(jwt) });
      expect(body).toMatchObject({
        current_user: "authenticated",
        uid: UID,
        role: "authenticated",
        email: "a@b",
        timeout: "8s",
        jwt: { sub: UID, app_metadata: { team: "x" } },
      });
    }
  });

  test("without a role is anon", async () => {
    const { body } = await api.rpc("who_am_i", {}, bearer(await token({ sub: UID })));
    expect(body.current_user).toBe("anon");
  });

  test("that has expired is 401 PGRST303, after half a minute for clocks that differ", async () => {
    const expired = (expires: string) => token({ role: "authenticated" }, JWT_SECRET, expires);
    const { status, headers, body } = await api.get("clients", bearer(await expired("-35s")));
    expect([status, body.code, body.message]).toEqual([401, "PGRST303", "JWT expired"]);
    expect(headers.get("www-authenticate")).toBe(
      'Bearer error="invalid_token", error_description="JWT expired"',
    );
    expect((await api.get("clients", bearer(await expired("-5s")))).status).toBe(200);
  });

  test.each([
    [{ nbf: 4e9 }, "JWT not yet valid"],
    [{ iat: 4e9 }, "JWT issued at future"],
    [{ nbf: "soon" }, "The JWT 'nbf' claim must be a number"],
  ])("with %j is 401 PGRST303", async (claims, message) => {
    const jwt = await new SignJWT({ role: "authenticated", ...claims } as JWTPayload)
      .setProtectedHeader({ alg: "HS256" }).sign(secret(JWT_SECRET));
    const { status, body } = await api.get("clients", bearer(jwt));
    expect([status, body.code, body.message]).toEqual([401, "PGRST303", message]);
  });

  test("that another key signed is 401 PGRST301", async () => {
    const { status, body } = await api.get(
      "clients",
      bearer(await token({ role: "service_role" }, "x".repeat(40))),
    );
    expect([status, body.code]).toEqual([401, "PGRST301"]);
  });

  test("without a signature is 401", async () => {
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const jwt = `${part({ alg: "none", typ: "JWT" })}.${part({ role: "service_role" })}.`;
    expect((await api.get("clients", bearer(jwt))).status).toBe(401);
  });

  test.each(["nope", "a.b", "a.b.c.d"])("of the form %s is 401 PGRST301", async (jwt) => {
    const { status, body } = await api.get("clients", bearer(jwt));
    expect([status, body.code, body.message]).toEqual([
      401,
      "PGRST301",
      `Expected 3 parts in JWT; got ${jwt.split(".").length}`,
    ]);
  });

  test.each([
    ["supabase_admin", 403, "42501", 'permission denied to set role "supabase_admin"'],
    ["postgres", 403, "42501", 'permission denied to set role "postgres"'],
    ["nobody_here", 401, "22023", 'role "nobody_here" does not exist'],
  ])("for the role %s is %i", async (role, status, code, message) => {
    const answer = await api.get("clients", bearer(await token({ role })));
    expect([answer.status, answer.body.code, answer.body.message]).toEqual([status, code, message]);
  });
});

test("a key that is not the key of the request is refused as a token", async () => {
  const { publishableKey, secretKey } = api.project;
  for (const [key, other] of [[publishableKey, secretKey], [secretKey, publishableKey]] as const) {
    for (const given of [other, "sb_secret_x"]) {
      const { status, body } = await api.ask("GET", "clients", { key, headers: bearer(given) });
      expect([status, body.code]).toEqual([401, "PGRST301"]);
    }
  }
});

test("claims are an object", async () => {
  const signed = `${base64('{"alg":"HS256"}')}.${base64('[{"role":"service_role"}]')}`;
  const jwt = `${signed}.${createHmac("sha256", JWT_SECRET).update(signed).digest("base64url")}`;
  const { status, body } = await api.get("clients", bearer(jwt));
  expect([status, body.code, body.message]).toEqual([401, "PGRST303", "Parsing claims failed"]);
});

test("a role that is not text counts as absent, and the claims name the role that the request has", async () => {
  const { body } = await api.rpc("who_am_i", {}, bearer(await token({ role: 5 })));
  expect(body).toMatchObject({ current_user: "anon", role: "anon", jwt: { role: "anon" } });
});

describe("the session", () => {
  test("is that of authenticator, which takes the caller's role", async () => {
    expect((await api.rpc("session_role", {})).body).toBe("authenticator");
    const none = await api.get("clients", bearer(await token({ role: "none" })));
    expect([none.status, none.body.code]).toEqual([401, "22023"]);
  });
});

describe("row security", () => {
  test("limits reads and writes to the caller's rows", async () => {
    const mine = bearer(await token({ role: "authenticated", sub: UID }));
    const other = bearer(await token({ role: "authenticated", sub: crypto.randomUUID() }));
    expect((await api.post("notes", { body: "secret" }, mine)).status).toBe(201);
    expect((await api.get("notes?select=body", mine)).body).toEqual([{ body: "secret" }]);
    expect((await api.get("notes", other)).body).toEqual([]);
    expect((await api.post("notes", { body: "x", owner_id: UID }, other)).status).toBe(403);
    expect((await api.ask("DELETE", "notes?id=gt.0", { headers: other })).status).toBe(204);
    expect((await api.ask("GET", "notes?select=body", { key: api.project.secretKey })).body).toHaveLength(1);
  });

  test("and column grants apply to select=* and to returned rows", async () => {
    expect((await api.get("partly?select=id,shown")).body).toEqual([{ id: 1, shown: "shown" }]);
    expect((await api.get("partly")).status).toBe(401);
    expect((await api.post("partly", { id: 2, hidden: "x" })).status).toBe(401);
    expect((await api.post("partly", { id: 2, shown: "x" }, { Prefer: "return=representation" })).status)
      .toBe(401);
    expect((await api.post("partly", { id: 2, shown: "x" })).status).toBe(201);
  });
});

describe("privileges", () => {
  test("the tests' check finds what is granted, and row security that is switched off, while the API runs", async () => {
    const before = await readAcls(admin);
    for (
      const [plant, remove, words] of [
        [
          "grant select on public.sealed to anon",
          "revoke select on public.sealed from anon",
          /\+ relation sealed: anon may SELECT/,
        ],
        [
          "grant select (hidden) on public.partly to anon",
          "revoke select (hidden) on public.partly from anon",
          /\+ column partly\.hidden: anon may SELECT/,
        ],
        [
          "grant execute on function public.kept_from_anon() to public",
          "revoke execute on function public.kept_from_anon() from public",
          /\+ function kept_from_anon\(\): public may EXECUTE/,
        ],
        [
          "grant create on schema public to anon",
          "revoke create on schema public from anon",
          /\+ schema public: anon may CREATE/,
        ],
        [
          "alter default privileges for role postgres in schema hidden grant select on tables to anon",
          "alter default privileges for role postgres in schema hidden revoke select on tables from anon",
          /\+ default of postgres for r in hidden: anon may SELECT/,
        ],
        [
          "alter table public.notes disable row level security",
          "alter table public.notes enable row level security",
          /- table notes: row security t/,
        ],
      ] as const
    ) {
      await admin.unsafe(plant);
      const planted = await readAcls(admin);
      await admin.unsafe(remove);
      expect(() => assertSameAcls(before, planted)).toThrow(words);
    }
    assertSameAcls(before, await readAcls(admin));
  });

  test("the tests' check ignores objects that a test creates", async () => {
    const before = await readAcls(admin);
    await admin`create table public.made_here (id integer)`;
    assertSameAcls(before, await readAcls(admin));
    await admin`drop table public.made_here`;
  });
});
