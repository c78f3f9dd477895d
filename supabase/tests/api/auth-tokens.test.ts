import { createClient } from "@supabase/supabase-js";
import { decodeJwt } from "jose";
import { afterAll, describe, expect, test } from "vitest";
import { confirmedSignUp, lastMail } from "../../../scripts/local/auth/confirmed-sign-up.ts";
import { clientsOf, follow, fragment, newEmail, PASSWORD } from "../support/auth-client.ts";
import { connect, openTestProject } from "../support/database.ts";

// Anonymous accounts, what access tokens say, and the admin API: the documented calls of supabase-js.
const project = await openTestProject({ template: "platform" });
const sql = connect(project.database);
afterAll(async () => {
  await sql.end();
  await project.close();
});

const client = clientsOf(project);
const isConfirmed = async (email: string) => {
  const [row] =
    await sql`select email_confirmed_at is not null as is_confirmed from auth.users where email = ${email}`;
  return row?.is_confirmed as boolean | undefined;
};

describe("an anonymous account", () => {
  test("signs in with metadata, and becomes a person's by confirming an address", async () => {
    const visitor = client();
    const { data, error } = await visitor.auth.signInAnonymously({ options: { data: { from: "chat" } } });
    expect(error).toBeNull();
    expect(data.user).toMatchObject({
      is_anonymous: true,
      user_metadata: { from: "chat" },
      role: "authenticated",
    });
    expect(decodeJwt(data.session?.access_token ?? "")).toMatchObject({
      sub: data.user?.id,
      is_anonymous: true,
      amr: [{ method: "anonymous" }],
    });
    expect((await visitor.auth.getUser()).data.user).toMatchObject({ id: data.user?.id, is_anonymous: true });
    const refreshed = await visitor.auth.refreshSession();
    expect(decodeJwt(refreshed.data.session?.access_token ?? "").is_anonymous).toBe(true);

    const email = newEmail();
    expect((await visitor.auth.updateUser({ email })).error).toBeNull();
    const token = lastMail(project, email).code ?? "";
    const changed = await visitor.auth.verifyOtp({ email, token, type: "email_change" });
    expect(changed.error).toBeNull();
    expect(changed.data.user).toMatchObject({ id: data.user?.id, email, is_anonymous: false });
    expect(decodeJwt(changed.data.session?.access_token ?? "").is_anonymous).toBe(false);
  });

  test("ends with sign-out", async () => {
    const visitor = client();
    const { data } = await visitor.auth.signInAnonymously();
    expect((await visitor.auth.signOut()).error).toBeNull();
    const { error } = await client().auth.refreshSession({
      refresh_token: data.session?.refresh_token ?? "",
    });
    expect(error?.status).toBe(400);
  });
});

describe("an access token", () => {
  test("has the platform's claims, and keeps them when it is refreshed", async () => {
    const by = client();
    const email = newEmail();
    const id = await confirmedSignUp(project, by, {
      email,
      password: PASSWORD,
      options: { data: { name: "Ada" } },
    });
    await sql`
      update auth.users set raw_app_meta_data = raw_app_meta_data::jsonb || '{"plan": "gold"}' where id = ${id}
    `;
    const began = Math.floor(Date.now() / 1000);
    const { data } = await by.auth.signInWithPassword({ email, password: PASSWORD });
    const refreshed = await by.auth.refreshSession();
    for (const token of [data.session?.access_token, refreshed.data.session?.access_token]) {
      const claims = decodeJwt(token ?? "");
      expect(claims).toMatchObject({
        iss: `${project.url}/auth/v1`,
        sub: id,
        aud: "authenticated",
        role: "authenticated",
        email,
        phone: "",
        app_metadata: { provider: "email", providers: ["email"], plan: "gold" },
        user_metadata: { name: "Ada", email, sub: id },
        aal: "aal1",
        amr: [{ method: "password" }],
        is_anonymous: false,
      });
      const [method] = claims.amr as { timestamp: number }[];
      expect(method?.timestamp).toBeGreaterThanOrEqual(began - 2);
      expect(claims.exp).toBe((claims.iat ?? 0) + 3600);
    }
    const { data: level } = await by.auth.mfa.getAuthenticatorAssuranceLevel();
    expect(level?.currentLevel).toBe("aal1");
  });

  test("of a code says so", async () => {
    const by = client();
    await confirmedSignUp(project, by, { email: newEmail(), password: PASSWORD });
    const { data } = await by.auth.getSession();
    expect(decodeJwt(data.session?.access_token ?? "").amr).toMatchObject([{ method: "otp" }]);
  });

  test("is not issued to an account that is banned or deleted", async () => {
    for (const end of [sql`banned_until = 'infinity'`, sql`deleted_at = now()`]) {
      const by = client();
      const email = newEmail();
      const id = await confirmedSignUp(project, by, { email, password: PASSWORD });
      await sql`update auth.users set ${end} where id = ${id}`;
      const signIn = await client().auth.signInWithPassword({ email, password: PASSWORD });
      expect([signIn.error?.status, signIn.error?.code]).toEqual([400, "user_banned"]);
      expect((await by.auth.refreshSession()).error?.code).toBe("user_banned");
      expect(await sql`select from auth.sessions where user_id = ${id}`).toHaveLength(0);
    }
  });
});

describe("the admin API", () => {
  const admin = createClient(project.url, project.secretKey, { auth: { persistSession: false } });

  test("creates a confirmed account and a link that signs in once", async () => {
    const email = newEmail();
    const { data, error } = await admin.auth.admin.createUser({
      email,
      email_confirm: true,
      password: PASSWORD,
    });
    expect([error, data.user?.email]).toEqual([null, email]);
    expect(await isConfirmed(email)).toBe(true);
    expect((await client().auth.signInWithPassword({ email, password: PASSWORD })).error).toBeNull();
    const link = await admin.auth.admin.generateLink({ type: "magiclink", email });
    expect(fragment(await follow(link.data.properties?.action_link)).access_token).toBeTruthy();
    expect(fragment(await follow(link.data.properties?.action_link)).error_code).toBe("otp_expired");
    const twice = await admin.auth.admin.createUser({ email, email_confirm: true });
    expect([twice.error?.status, twice.error?.code]).toEqual([422, "email_exists"]);
  });

  test("is refused to everybody without the secret key", async () => {
    const by = client();
    await confirmedSignUp(project, by, { email: newEmail(), password: PASSWORD });
    expect((await by.auth.admin.createUser({ email: newEmail(), email_confirm: true })).error?.status).toBe(
      403,
    );
    expect((await by.auth.admin.generateLink({ type: "magiclink", email: newEmail() })).error?.status).toBe(
      403,
    );
  });
});
