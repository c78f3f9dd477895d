import { createClient } from "@supabase/supabase-js";
import { decodeJwt } from "jose";
import { afterAll, describe, expect, test } from "vitest";
import { confirmedSignUp } from "../../../scripts/local/auth/confirmed-sign-up.ts";
import { connect, openTestProject } from "../support/database.ts";

// The calls of Auth that supabase-js makes: supabase.com/docs/reference/javascript/auth-api
const project = await openTestProject({ template: "platform" });
const sql = connect(project.database);
afterAll(async () => {
  await sql.end();
  await project.close();
});
const client = () =>
  createClient(project.url, project.publishableKey, {
    auth: { persistSession: false, autoRefreshToken: false },
  });
const PASSWORD = "correct horse battery";
const account = () => ({ email: `${crypto.randomUUID()}@example.com`, password: PASSWORD });
const signUp = (signedIn = client(), as = account()) => confirmedSignUp(project, signedIn, as);
/** The session of a new account. */
const newSession = async (signedIn = client()) => {
  await signUp(signedIn);
  const { data } = await signedIn.auth.getSession();
  return { user: data.session?.user, session: data.session };
};

describe("an account", () => {
  test("is created with the client's metadata, and signed in with the code in the mail", async () => {
    const { email, password } = account();
    const signedIn = client();
    await confirmedSignUp(project, signedIn, { email, password, options: { data: { name: "Ada" } } });
    const { data } = await signedIn.auth.getSession().then(({ data: { session } }) => ({
      data: { session, user: session?.user },
    }));
    expect(data.user).toMatchObject({ email, user_metadata: { name: "Ada" }, role: "authenticated" });
    expect(decodeJwt(data.session?.access_token ?? "")).toMatchObject({
      sub: data.user?.id,
      role: "authenticated",
      aud: "authenticated",
      email,
    });
    const [row] = await sql`select email, encrypted_password from auth.users where id = ${
      data.user?.id ?? ""
    }`;
    expect(row?.email).toBe(email);
    expect(row?.encrypted_password).not.toContain(PASSWORD);
  });

  test("can't be created twice, and nobody learns that an address has one", async () => {
    const { email, password } = account();
    const id = await signUp(client(), { email, password });
    const { data, error } = await client().auth.signUp({ email, password: "another password" });
    expect(error).toBeNull();
    expect(data.session).toBeNull();
    expect(data.user).toMatchObject({ email, identities: [] });
    expect(data.user?.id).not.toBe(id);
    expect(await sql`select id from auth.users where email = ${email}`).toEqual([{ id }]);
    expect((await client().auth.signInWithPassword({ email, password })).data.user?.id).toBe(id);
  });

  test("needs a password of the configured length", async () => {
    const { error } = await client().auth.signUp({ email: account().email, password: "short" });
    expect([error?.status, error?.code]).toEqual([422, "weak_password"]);
  });

  test("fires a trigger on auth.users that postgres created", async () => {
    await sql.unsafe(`
      create table public.members (id uuid primary key references auth.users on delete cascade);
      create function public.add_member() returns trigger language plpgsql security definer set search_path = '' as $$
      begin
        insert into public.members values (new.id);
        return new;
      end;
      $$;
      create trigger add_member after insert on auth.users for each row execute function public.add_member();
    `);
    const id = await signUp();
    expect(await sql`select id from public.members`).toEqual([{ id }]);
    await sql`drop function public.add_member() cascade`;
  });
});

describe("a session", () => {
  test("starts only with the right password", async () => {
    const { email, password } = account();
    await signUp(client(), { email, password });
    const right = await client().auth.signInWithPassword({ email, password });
    expect(right.data.user?.email).toBe(email);
    for (const wrong of [{ email, password: "wrong password" }, { email: "nobody@example.com", password }]) {
      const { data, error } = await client().auth.signInWithPassword(wrong);
      expect(data.session).toBeNull();
      expect([error?.status, error?.code, error?.message]).toEqual([
        400,
        "invalid_credentials",
        "Invalid login credentials",
      ]);
    }
  });

  test("returns its user, and nobody for an invalid token", async () => {
    const signedIn = client();
    const data = await newSession(signedIn);
    expect((await signedIn.auth.getUser()).data.user?.id).toBe(data.user?.id);
    const { error } = await client().auth.getUser("a.b.c");
    expect(error?.status).toBe(403);
  });

  test("is refreshed with a refresh token", async () => {
    const data = await newSession();
    const old = data.session?.refresh_token ?? "";
    const renewed = await client().auth.refreshSession({ refresh_token: old });
    expect(renewed.error).toBeNull();
    expect(renewed.data.session?.refresh_token).not.toBe(old);
    expect(renewed.data.user?.id).toBe(data.user?.id);
    const { error } = await client().auth.refreshSession({ refresh_token: "abcdefghijkl" });
    expect(error?.status).toBe(400);
  });

  test("ends with sign-out: its refresh token is revoked", async () => {
    const signedIn = client();
    const data = await newSession(signedIn);
    expect((await signedIn.auth.signOut()).error).toBeNull();
    const { error } = await client().auth.refreshSession({
      refresh_token: data.session?.refresh_token ?? "",
    });
    expect(error?.status).toBe(400);
  });

  test("is valid for all of the API", async () => {
    await sql.unsafe("create function public.me() returns uuid language sql stable as 'select auth.uid()'");
    const signedIn = client();
    const data = await newSession(signedIn);
    const headers = { Authorization: `Bearer ${data.session?.access_token}`, apikey: project.publishableKey };
    const again = await fetch(`${project.url}/auth/v1/user`, { headers });
    expect(again.status).toBe(200);
    await signedIn.auth.updateUser({ data: { name: "Bob" } });
    expect((await signedIn.auth.getUser()).data.user?.user_metadata).toMatchObject({ name: "Bob" });
  });
});

test("every request needs a key", async () => {
  const response = await fetch(`${project.url}/auth/v1/signup`, { method: "POST", body: "{}" });
  expect([response.status, response.headers.get("sb-error-code")]).toEqual([
    401,
    "UNAUTHORIZED_MISSING_API_KEY",
  ]);
});

test.each(["health", "settings"])("a probe of %s gets no body", async (path) => {
  const headers = { apikey: project.publishableKey };
  const response = await fetch(`${project.url}/auth/v1/${path}`, { method: "HEAD", headers });
  expect([response.status, await response.text()]).toEqual([200, ""]);
});

describe("what Auth of the local stack does not support", () => {
  test("the admin API is rejected but for creating accounts and links", async () => {
    const admin = createClient(project.url, project.secretKey, { auth: { persistSession: false } });
    const { error } = await admin.auth.admin.listUsers();
    expect([error?.status, error?.code]).toEqual([422, "not_implemented"]);
  });
});
