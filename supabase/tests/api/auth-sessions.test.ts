import { afterAll, describe, expect, test } from "vitest";
import { confirmedSignUp, lastMail } from "../../../scripts/local/auth/confirmed-sign-up.ts";
import { clientsOf, newEmail, PASSWORD } from "../support/auth-client.ts";
import { openTestProject } from "../support/database.ts";

// How sessions begin, go on and end, as GoTrue has it.
const project = await openTestProject({ template: "platform" });
afterAll(() => project.close());

const client = clientsOf(project);

async function post(path: string, body: unknown, token?: string) {
  const response = await fetch(`${project.url}/auth/v1/${path}`, {
    method: "POST",
    headers: {
      apikey: project.publishableKey,
      "content-type": "application/json",
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const { error_code, msg } = (text ? JSON.parse(text) : {}) as Record<string, unknown>;
  return { status: response.status, code: error_code, msg };
}

/** An account with several sessions. */
async function sessions(count: number) {
  const email = newEmail();
  await confirmedSignUp(project, client(), { email, password: PASSWORD });
  return await Promise.all(Array.from({ length: count }, async () => {
    const by = client();
    const { data } = await by.auth.signInWithPassword({ email, password: PASSWORD });
    return {
      access: data.session?.access_token ?? "",
      goesOn: async () =>
        (await client().auth.refreshSession({ refresh_token: data.session?.refresh_token ?? "" })).error ===
          null,
    };
  }));
}

describe("signing out", () => {
  test.each<[string, boolean[]]>([
    ["logout", [false, false, false]],
    ["logout?scope=", [false, false, false]],
    ["logout?scope=global", [false, false, false]],
    ["logout?scope=local", [false, true, true]],
    ["logout?scope=others", [true, false, false]],
  ])("by %s ends these sessions", async (path, goOn) => {
    const all = await sessions(3);
    const [stranger] = await sessions(1);
    expect(await post(path, {}, all[0]?.access)).toMatchObject({ status: 204 });
    expect(await Promise.all(all.map(({ goesOn }) => goesOn()))).toEqual(goOn);
    expect(await stranger?.goesOn()).toBe(true);
  });

  test("in another way, or without a session, is refused", async () => {
    const [session] = await sessions(1);
    expect(await post("logout?scope=everywhere", {}, session?.access))
      .toMatchObject({ status: 400, code: "validation_failed" });
    expect(await post("logout", {})).toMatchObject({ status: 401, code: "no_authorization" });
    expect(await session?.goesOn()).toBe(true);
  });
});

describe("a refresh token", () => {
  const refresh = async (refresh_token: string) => {
    const { data, error } = await client().auth.refreshSession({ refresh_token });
    return { token: data.session?.refresh_token ?? "", code: error?.code };
  };

  test("that was used is good for its successor only, and later ends the session", async () => {
    const by = client();
    await confirmedSignUp(project, by, { email: newEmail(), password: PASSWORD });
    const first = (await by.auth.getSession()).data.session?.refresh_token ?? "";
    const second = await refresh(first);
    // whose answer was lost
    expect(await refresh(first)).toEqual(second);
    const third = await refresh(second.token);
    expect(third.token).not.toBe(second.token);
    expect(await refresh(first)).toEqual({ token: "", code: "refresh_token_already_used" });
    expect((await refresh(third.token)).code).toBe("refresh_token_already_used");
  });

  test.each(["abcdefghijkl", "x", crypto.randomUUID(), "' or true --"])(
    "that was never issued is not found: %s",
    async (token) => {
      expect(await post("token?grant_type=refresh_token", { refresh_token: token }))
        .toMatchObject({ status: 400, code: "refresh_token_not_found" });
    },
  );
});

describe("a password", () => {
  test("that is wrong says nothing about the account", async () => {
    const email = newEmail();
    await client().auth.signUp({ email, password: PASSWORD });
    const signIn = (by: string, password: string) =>
      post("token?grant_type=password", { email: by, password });
    const wrong = await signIn(email, "wrong password");
    expect(wrong).toMatchObject({ status: 400, code: "invalid_credentials" });
    expect(await signIn(newEmail(), "wrong password")).toEqual(wrong);
    expect(await signIn(email.toUpperCase(), PASSWORD))
      .toMatchObject({ status: 400, code: "email_not_confirmed" });
  });

  test("that bcrypt would cut signs nobody up", async () => {
    const { error } = await client().auth.signUp({ email: newEmail(), password: "ü".repeat(37) });
    expect([error?.status, error?.code]).toEqual([400, "validation_failed"]);
  });
});

describe("a code", () => {
  const email = "ada@example.com";

  test.each<[string, Record<string, string>]>([
    ["Verify requires either a token or a token hash", { type: "email", email }],
    ["Verify requires either a token or a token hash", { type: "email", email, token: "1", token_hash: "x" }],
    ["Only an email address or phone number should be provided on verify", {
      type: "email",
      token: "123456",
    }],
    ["Only the token_hash and type should be provided", { type: "email", email, token_hash: "x" }],
    ["Verify requires a verification type", { email, token: "123456" }],
    ["Invalid email verification type", { type: "reauthentication", email, token: "123456" }],
    ["Invalid email verification type", { type: "constructor", email, token: "123456" }],
  ])("%s: %j", async (msg, body) => {
    expect(await post("verify", body)).toEqual({ status: 400, code: "validation_failed", msg });
  });

  test("of a sign-up is not one of a magic link", async () => {
    const by = newEmail();
    await client().auth.signInWithOtp({ email: by });
    const { code: token = "" } = lastMail(project, by);
    const wrong = await client().auth.verifyOtp({ email: by, token, type: "magiclink" });
    expect(wrong.error?.code).toBe("otp_expired");
    expect((await client().auth.verifyOtp({ email: by, token, type: "email" })).error).toBeNull();
  });
});

describe("a code challenge", () => {
  const code_challenge = "a".repeat(43);

  test.each([
    [{ code_challenge }],
    [{ code_challenge_method: "s256" }],
    [{ code_challenge: "short", code_challenge_method: "s256" }],
    [{ code_challenge: "a".repeat(129), code_challenge_method: "s256" }],
    [{ code_challenge: "ü".repeat(43), code_challenge_method: "s256" }],
    [{ code_challenge, code_challenge_method: "md5" }],
  ])("%j is refused, and nothing is mailed", async (challenge) => {
    const email = newEmail();
    for (const path of ["signup", "otp", "magiclink", "recover"]) {
      const body = { email, password: PASSWORD, ...challenge };
      expect(await post(path, body), path).toMatchObject({ status: 400, code: "validation_failed" });
    }
    expect(project.mails.filter(({ to }) => to === email)).toEqual([]);
  });
});
