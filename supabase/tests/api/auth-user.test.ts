import { afterAll, describe, expect, test } from "vitest";
import { confirmedSignUp, lastMail } from "../../../scripts/local/auth/confirmed-sign-up.ts";
import { clientsOf, follow, fragment, newEmail, PASSWORD } from "../support/auth-client.ts";
import { connect, openTestProject } from "../support/database.ts";

// What an account changes about itself: `updateUser` of supabase-js, as GoTrue has it.
const project = await openTestProject({ template: "platform" });
const sql = connect(project.database);
afterAll(async () => {
  await sql.end();
  await project.close();
});

const client = clientsOf(project);

/** A new account, signed in. */
async function newAccount() {
  const by = client();
  const email = newEmail();
  const id = await confirmedSignUp(project, by, { email, password: PASSWORD });
  return { by, email, id };
}

/** The address that the account has, whoever has a token of it. */
const emailOf = async (id: string) =>
  (await sql`select email from auth.users where id = ${id}`)[0]?.email as string;

const ACCEPTED = "Confirmation link accepted. Please proceed to confirm link sent to the other email";

describe("a new address", () => {
  /** Asks for another address; returns it with the mails to both. */
  async function change() {
    const { by, email, id } = await newAccount();
    const next = newEmail();
    const { data, error } = await by.auth.updateUser({ email: next });
    expect([error, data.user?.email, data.user?.new_email]).toEqual([null, email, next]);
    return {
      by,
      id,
      next,
      email,
      mails: { [email]: lastMail(project, email), [next]: lastMail(project, next) },
    };
  }

  test.each([false, true])("is confirmed by codes at both, in any order (%s)", async (isNextFirst) => {
    const { id, email, next, mails } = await change();
    const [first, second] = isNextFirst ? [next, email] : [email, next];
    const redeem = (at: string) =>
      client().auth.verifyOtp({ email: at, token: mails[at]?.code ?? "", type: "email_change" });
    const accepted = await redeem(first);
    expect([accepted.error, accepted.data.session, accepted.data.user]).toEqual([null, null, null]);
    expect((await redeem(first)).error?.code).toBe("otp_expired");
    expect(await emailOf(id)).toBe(email);
    const { data, error } = await redeem(second);
    expect([error, data.user?.email, data.user?.new_email]).toEqual([null, next, undefined]);
    expect(await emailOf(id)).toBe(next);
    expect((await redeem(second)).error?.code).toBe("otp_expired");
    expect((await client().auth.signInWithPassword({ email: next, password: PASSWORD })).error).toBeNull();
    expect((await client().auth.signInWithPassword({ email, password: PASSWORD })).error?.code)
      .toBe("invalid_credentials");
  });

  test("is confirmed by links at both, of which the second has the session", async () => {
    const { id, email, next, mails } = await change();
    expect(fragment(await follow(mails[next]?.link))).toEqual({ message: ACCEPTED });
    expect(fragment(await follow(mails[next]?.link))).toMatchObject({ error_code: "otp_expired" });
    expect(fragment(await follow(mails[email]?.link))).toMatchObject({
      type: "email_change",
      token_type: "bearer",
    });
    expect(await emailOf(id)).toBe(next);
  });

  test("is not confirmed by one mail, however often it is used at the same time", async () => {
    const { id, email, mails } = await change();
    const token = mails[email]?.code ?? "";
    const tries = await Promise.all(
      Array.from({ length: 8 }, () => client().auth.verifyOtp({ email, token, type: "email_change" })),
    );
    expect(tries.filter(({ error }) => error === null)).toHaveLength(1);
    expect(tries.filter(({ data }) => data.session)).toHaveLength(0);
    expect(await emailOf(id)).toBe(email);
  });

  test("ends with the next change, and with its hour", async () => {
    const { by, id, email, next, mails } = await change();
    const age = (time: string) =>
      sql`update auth.users set email_change_sent_at = now() - ${time}::interval where id = ${id}`;
    await age("-1 minute");
    expect((await by.auth.updateUser({ email: newEmail() })).error?.code).toBe("over_email_send_rate_limit");
    await age("1 minute");
    const last = newEmail();
    expect((await by.auth.updateUser({ email: last })).error).toBeNull();
    for (const at of [email, next]) {
      const token = mails[at]?.code ?? "";
      const { error } = await client().auth.verifyOtp({ email: at, token, type: "email_change" });
      expect(error?.code, at).toBe("otp_expired");
    }
    await age("61 minutes");
    for (const at of [email, last]) {
      const { code: token = "" } = lastMail(project, at);
      const { error } = await client().auth.verifyOtp({ email: at, token, type: "email_change" });
      expect(error?.code, at).toBe("otp_expired");
    }
    expect(await emailOf(id)).toBe(email);
  });

  test("is mailed again to both, on demand", async () => {
    const { id, email, next, mails } = await change();
    const ask = () => client().auth.resend({ type: "email_change", email });
    const age = (time: string) =>
      sql`update auth.users set email_change_sent_at = now() - ${time}::interval where id = ${id}`;
    await age("-1 minute");
    expect((await ask()).error?.code).toBe("over_email_send_rate_limit");
    await age("1 minute");
    expect((await ask()).error).toBeNull();
    for (const at of [email, next]) {
      const { code: token = "" } = lastMail(project, at);
      expect(token).not.toBe(mails[at]?.code);
      expect((await client().auth.verifyOtp({ email: at, token, type: "email_change" })).error).toBeNull();
    }
    expect(await emailOf(id)).toBe(next);
    for (const nobody of [newEmail(), next]) {
      expect((await client().auth.resend({ type: "email_change", email: nobody })).error, nobody).toBeNull();
    }
  });

  test("is nobody else's, and has to be another one", async () => {
    const [{ by, email }, other] = [await newAccount(), await newAccount()];
    const taken = await by.auth.updateUser({ email: other.email.toUpperCase() });
    expect([taken.error?.status, taken.error?.code]).toEqual([422, "email_exists"]);
    const count = project.mails.length;
    expect((await by.auth.updateUser({ email: email.toUpperCase() })).data.user?.new_email).toBeUndefined();
    expect(project.mails).toHaveLength(count);
    const bad = await by.auth.updateUser({ email: "nonsense" });
    expect([bad.error?.status, bad.error?.code]).toEqual([400, "validation_failed"]);
  });
});

describe("a new password", () => {
  test("ends the account's other sessions, and no other account's", async () => {
    const [{ by, email }, stranger] = [await newAccount(), await newAccount()];
    const elsewhere = client();
    await elsewhere.auth.signInWithPassword({ email, password: PASSWORD });
    expect((await by.auth.updateUser({ password: "another password" })).error).toBeNull();
    const ended = await elsewhere.auth.refreshSession();
    expect([ended.error?.status, ended.error?.code]).toEqual([400, "refresh_token_not_found"]);
    expect((await by.auth.refreshSession()).error).toBeNull();
    expect((await stranger.by.auth.refreshSession()).error).toBeNull();
    expect((await client().auth.signInWithPassword({ email, password: PASSWORD })).error?.code)
      .toBe("invalid_credentials");
  });

  test.each([
    ["the same", PASSWORD, 422, "same_password"],
    ["a short one", "short", 422, "weak_password"],
    ["an empty one", "", 422, "weak_password"],
    ["one that bcrypt would cut", "x".repeat(73), 400, "validation_failed"],
    ["one of fewer signs and as many bytes", "ü".repeat(37), 400, "validation_failed"],
  ])("is not %s", async (_, password, status, code) => {
    const { by, email } = await newAccount();
    const elsewhere = client();
    await elsewhere.auth.signInWithPassword({ email, password: PASSWORD });
    const { error } = await by.auth.updateUser({ password });
    expect([error?.status, error?.code]).toEqual([status, code]);
    expect((await elsewhere.auth.refreshSession()).error).toBeNull();
  });

  test("of an anonymous account comes with an address", async () => {
    const visitor = client();
    const { data } = await visitor.auth.signInAnonymously();
    const alone = await visitor.auth.updateUser({ password: PASSWORD });
    expect([alone.error?.status, alone.error?.code]).toEqual([422, "validation_failed"]);
    const email = newEmail();
    expect((await visitor.auth.updateUser({ email, password: PASSWORD })).error).toBeNull();
    const { code: token = "" } = lastMail(project, email);
    const person = await client().auth.verifyOtp({ email, token, type: "email_change" });
    expect(person.data.user).toMatchObject({ id: data.user?.id, email, is_anonymous: false });
    expect((await client().auth.signInWithPassword({ email, password: PASSWORD })).data.user?.id)
      .toBe(data.user?.id);
  });
});

describe("other values", () => {
  const put = async (by: ReturnType<typeof client>, body: unknown) => {
    const { data } = await by.auth.getSession();
    const response = await fetch(`${project.url}/auth/v1/user`, {
      method: "PUT",
      headers: {
        apikey: project.publishableKey,
        authorization: `Bearer ${data.session?.access_token}`,
        "content-type": "application/json",
      },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() as Record<string, unknown> };
  };

  test("null is what is left out; metadata is merged, and a key that is null goes", async () => {
    const { by, email } = await newAccount();
    await by.auth.updateUser({ data: { name: "Ada", team: "a", deep: { left: null } } });
    const { status, body } = await put(by, { email: null, password: null, data: { team: null, age: 36 } });
    expect([status, body.email]).toEqual([200, email]);
    expect(body.user_metadata).toMatchObject({ name: "Ada", age: 36, deep: { left: null } });
    expect(body.user_metadata).not.toHaveProperty("team");
    expect((await put(by, { data: null })).status).toBe(200);
  });

  test("the project's own metadata is not the account's to change", async () => {
    const { by, id } = await newAccount();
    const { status, body } = await put(by, { app_metadata: { role: "admin" }, data: { name: "Eve" } });
    expect([status, body.error_code]).toEqual([403, "not_admin"]);
    const [row] = await sql`select raw_app_meta_data::text || raw_user_meta_data::text as all from auth.users
      where id = ${id}`;
    expect(row?.all).not.toMatch(/admin|Eve/);
  });

  test("nobody changes anything without a session", async () => {
    const { by } = await newAccount();
    const { data } = await by.auth.getSession();
    await by.auth.signOut();
    const response = await fetch(`${project.url}/auth/v1/user`, {
      method: "PUT",
      headers: { apikey: project.publishableKey, authorization: `Bearer ${data.session?.access_token}` },
      body: JSON.stringify({ password: "another password" }),
    });
    expect([response.status, (await response.json() as { error_code: string }).error_code])
      .toEqual([403, "session_not_found"]);
  });
});
