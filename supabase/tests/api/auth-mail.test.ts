import { afterAll, describe, expect, test } from "vitest";
import { confirmedSignUp, lastMail } from "../../../scripts/local/auth/confirmed-sign-up.ts";
import { clientsOf, follow, fragment, newEmail, PASSWORD } from "../support/auth-client.ts";
import { connect, openTestProject } from "../support/database.ts";

// What Auth mails and what becomes of it: the documented calls of supabase-js.
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

const SITE = "http://127.0.0.1:3000";
const hashOf = (link = "") => new URL(link).searchParams.get("token") ?? "";

describe("a sign-up", () => {
  test("is confirmed by the mailed code and by nothing else", async () => {
    const email = newEmail();
    const { data, error } = await client().auth.signUp({ email, password: PASSWORD });
    expect([error, data.session, data.user?.email]).toEqual([null, null, email]);
    expect(await isConfirmed(email)).toBe(false);
    const early = await client().auth.signInWithPassword({ email, password: PASSWORD });
    expect([early.error?.status, early.error?.code]).toEqual([400, "email_not_confirmed"]);
    const { code = "" } = lastMail(project, email);
    expect(code).toMatch(/^\d{6}$/);
    const wrong = code === "000000" ? "000001" : "000000";
    for (const token of [wrong, "", "1"]) {
      const refused = await client().auth.verifyOtp({ email, token, type: "email" });
      expect([refused.error?.status, refused.data.session], token).toEqual([token ? 403 : 400, null]);
    }
    expect((await client().auth.verifyOtp({ email, token: wrong, type: "email" })).error?.code).toBe(
      "otp_expired",
    );
    const other = await client().auth.verifyOtp({ email: newEmail(), token: code, type: "email" });
    expect(other.error?.code).toBe("otp_expired");
    expect(await isConfirmed(email)).toBe(false);

    const right = await client().auth.verifyOtp({ email: email.toUpperCase(), token: code, type: "email" });
    expect(right.error).toBeNull();
    expect(right.data.user?.email).toBe(email);
    expect(await isConfirmed(email)).toBe(true);
    const again = await client().auth.verifyOtp({ email, token: code, type: "email" });
    expect([again.error?.status, again.error?.code]).toEqual([403, "otp_expired"]);
    expect((await client().auth.signInWithPassword({ email, password: PASSWORD })).error).toBeNull();
  });

  test.each(["email", "signup"] as const)(
    "is confirmed by the hash in the link, of type %s",
    async (type) => {
      const email = newEmail();
      await client().auth.signUp({ email, password: PASSWORD });
      const { link } = lastMail(project, email);
      const { data, error } = await client().auth.verifyOtp({ token_hash: hashOf(link), type });
      expect([error, data.user?.email]).toEqual([null, email]);
    },
  );

  test("is confirmed by the link, which points at the API and leads to the site with a session", async () => {
    const email = newEmail();
    await client().auth.signUp({ email, password: PASSWORD });
    const { link, text } = lastMail(project, email);
    expect(link).toMatch(new RegExp(`^${project.url}/auth/v1/verify\\?`));
    expect(text).toContain(link);
    const page = await follow(link);
    expect(page.origin).toBe(SITE);
    const { access_token = "", refresh_token = "", type } = fragment(page);
    expect(type).toBe("signup");
    const { data } = await client().auth.setSession({ access_token, refresh_token });
    expect(data.user?.email).toBe(email);
    expect(fragment(await follow(link))).toMatchObject({ error: "access_denied", error_code: "otp_expired" });
  });

  test("that is not confirmed gets another mail, and the first code ends", async () => {
    const email = newEmail();
    await client().auth.signUp({ email, password: PASSWORD });
    const { code: first = "" } = lastMail(project, email);
    const age = (time: string) =>
      sql`update auth.users set confirmation_sent_at = now() - ${time}::interval where email = ${email}`;
    await age("-1 minute");
    const soon = await client().auth.resend({ type: "signup", email });
    expect([soon.error?.status, soon.error?.code]).toEqual([429, "over_email_send_rate_limit"]);
    const later = () => age("1 minute");
    await later();
    expect((await client().auth.resend({ type: "signup", email })).error).toBeNull();
    await later();
    const again = await client().auth.signUp({ email, password: "another password" });
    expect(again.error).toBeNull();
    const { code = "" } = lastMail(project, email);
    expect((await client().auth.verifyOtp({ email, token: first, type: "email" })).error?.code).toBe(
      "otp_expired",
    );
    expect((await client().auth.verifyOtp({ email, token: code, type: "email" })).error).toBeNull();
    expect((await client().auth.signInWithPassword({ email, password: PASSWORD })).error).toBeNull();
  });
});

describe("a one-time password", () => {
  test("for a new address makes an account that the code confirms", async () => {
    const email = newEmail();
    const options = { data: { name: "Ada" } };
    expect((await client().auth.signInWithOtp({ email, options })).error).toBeNull();
    expect(await isConfirmed(email)).toBe(false);
    expect(
      await sql`select from auth.sessions s join auth.users u on u.id = s.user_id where u.email = ${email}`,
    )
      .toHaveLength(0);
    const token = lastMail(project, email).code ?? "";
    const { data, error } = await client().auth.verifyOtp({ email, token, type: "email" });
    expect([error, data.user?.email, data.user?.user_metadata.name]).toEqual([null, email, "Ada"]);
  });

  test("for a new address that may not sign up is refused", async () => {
    const refused = await client().auth.signInWithOtp({
      email: newEmail(),
      options: { shouldCreateUser: false },
    });
    expect([refused.error?.status, refused.error?.code]).toEqual([422, "otp_disabled"]);
  });

  test.each(["email", "magiclink"] as const)("signs in an account, as type %s", async (type) => {
    const email = newEmail();
    await confirmedSignUp(project, client(), { email, password: PASSWORD });
    await client().auth.signInWithOtp({ email });
    const { code: token = "", link } = lastMail(project, email);
    expect(link).toMatch(new RegExp(`^${project.url}/auth/v1/verify\\?`));
    expect((await client().auth.verifyOtp({ email, token, type })).data.user?.email).toBe(email);
    await client().auth.signInWithOtp({ email });
    const token_hash = hashOf(lastMail(project, email).link);
    expect((await client().auth.verifyOtp({ token_hash, type })).data.user?.email).toBe(email);
  });

  test("of no known type is refused", async () => {
    const { error } = await client().auth.verifyOtp({
      email: newEmail(),
      token: "123456",
      type: "sms" as "email",
    });
    expect([error?.status, error?.code]).toEqual([400, "validation_failed"]);
  });
});

describe("a link", () => {
  const APP = "http://127.0.0.1:5173/welcome?from=mail";

  test.each([
    [APP, APP],
    [`${SITE}/reset`, `${SITE}/reset`],
    ["https://evil.example/steal", SITE],
    ["http://127.0.0.1.evil.example", SITE],
    ["javascript:alert(1)", SITE],
    ["nonsense", SITE],
  ])("that asks for %s leads to %s", async (asked, target) => {
    const email = newEmail();
    await client().auth.signUp({ email, password: PASSWORD, options: { emailRedirectTo: asked } });
    const page = await follow(lastMail(project, email).link);
    const { origin, pathname, search } = new URL(target);
    expect([page.origin, page.pathname, page.search]).toEqual([origin, pathname, search]);
    expect(fragment(page).access_token).toBeTruthy();
  });

  test("of a password's recovery works with its code and its hash too", async () => {
    const email = newEmail();
    await confirmedSignUp(project, client(), { email, password: PASSWORD });
    for (const way of ["code", "hash", "link"]) {
      expect((await client().auth.resetPasswordForEmail(email, { redirectTo: `${SITE}/reset` })).error)
        .toBeNull();
      const { code = "", link } = lastMail(project, email);
      if (way === "link") expect(fragment(await follow(link)).type).toBe("recovery");
      else {
        const { error } = await client().auth.verifyOtp(
          way === "code"
            ? { email, token: code, type: "recovery" }
            : { token_hash: hashOf(link), type: "recovery" },
        );
        expect(error).toBeNull();
      }
    }
  });

  test("of a client that uses PKCE leads to a code, which only that client can exchange, once", async () => {
    const email = newEmail();
    await confirmedSignUp(project, client(), { email, password: PASSWORD });
    const ways: [string, (by: ReturnType<typeof client>) => Promise<{ error: unknown }>][] = [
      ["magic link", (by) => by.auth.signInWithOtp({ email, options: { emailRedirectTo: APP } })],
      ["recovery", (by) => by.auth.resetPasswordForEmail(email, { redirectTo: APP })],
    ];
    for (const [name, ask] of ways) {
      const by = client({ flowType: "pkce" });
      expect((await ask(by)).error, name).toBeNull();
      const page = await follow(lastMail(project, email).link);
      const code = page.searchParams.get("code") ?? "";
      expect([page.origin, page.hash, code.length > 20], name).toEqual([new URL(APP).origin, "", true]);
      expect((await client({ flowType: "pkce" }).auth.exchangeCodeForSession(code)).error, name).not
        .toBeNull();
      const { data, error } = await by.auth.exchangeCodeForSession(code);
      expect([error, data.user?.email], name).toEqual([null, email]);
      expect((await by.auth.exchangeCodeForSession(code)).error, name).not.toBeNull();
    }
  });

  test("leads to the code of the client that asked for this mail, whichever of a user's mails is followed", async () => {
    const email = newEmail();
    const [first, second] = [client({ flowType: "pkce" }), client({ flowType: "pkce" })];
    await confirmedSignUp(project, second, { email, password: PASSWORD });
    await first.auth.signInWithOtp({ email, options: { emailRedirectTo: APP } });
    const { link } = lastMail(project, email);
    const changed = await second.auth.updateUser({ email: newEmail() }, { emailRedirectTo: APP });
    expect(changed.error).toBeNull();
    const [toCurrent, other] = project.mails.slice(-2);
    expect(other?.link).toContain("email_change");
    // the first of both confirmations leads back without a code, and says so where the client looks
    const { searchParams } = await follow(toCurrent?.link);
    expect([searchParams.has("code"), searchParams.get("message")]).toEqual([
      false,
      "Confirmation link accepted. Please proceed to confirm link sent to the other email",
    ]);
    for (const [by, its] of [[first, link], [second, other?.link]] as const) {
      const code = (await follow(its)).searchParams.get("code") ?? "";
      const { data, error } = await by.auth.exchangeCodeForSession(code);
      expect([error, data.user?.id !== undefined]).toEqual([null, true]);
    }
  });

  test("of a sign-up with PKCE, too; its code signs in as without", async () => {
    const by = client({ flowType: "pkce" });
    const email = newEmail();
    await by.auth.signUp({ email, password: PASSWORD });
    const page = await follow(lastMail(project, email).link);
    const { data, error } = await by.auth.exchangeCodeForSession(page.searchParams.get("code") ?? "");
    expect([error, data.user?.email]).toEqual([null, email]);
    const again = await follow(lastMail(project, email).link);
    expect(again.searchParams.get("error_code")).toBe("otp_expired");

    await by.auth.signInWithOtp({ email });
    const token = lastMail(project, email).code ?? "";
    expect((await by.auth.verifyOtp({ email, token, type: "email" })).data.user?.email).toBe(email);
  });

  test("of a new address", async () => {
    const [email, next] = [newEmail(), newEmail()];
    const by = client();
    await confirmedSignUp(project, by, { email, password: PASSWORD });
    expect((await by.auth.updateUser({ email: next })).error).toBeNull();
    for (const to of [email, next]) {
      const { link } = lastMail(project, to);
      expect(link).toMatch(new RegExp(`^${project.url}/auth/v1/verify\\?.*type=email_change`));
      await follow(link);
    }
    expect((await by.auth.getUser()).data.user?.email).toBe(next);
  });
});
