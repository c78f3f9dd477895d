import { createClient } from "@supabase/supabase-js";
import { afterAll, describe, expect, test } from "vitest";
import { openTestProject } from "../support/database.ts";

// What Auth has on the platform and the local stack lacks: docs/local-stack.md#auth
const project = await openTestProject({ template: "platform" });
afterAll(() => project.close());
const client = createClient(project.url, project.publishableKey, { auth: { persistSession: false } });
const admin = createClient(project.url, project.secretKey, { auth: { persistSession: false } });

describe("a feature of Auth that is absent says so, as JSON", () => {
  const email = "ana@example.org";
  const phone = "+41790000000";

  test.each([
    ["inviting", () => admin.auth.admin.inviteUserByEmail(email), "not_implemented"],
    ["sign-in by phone", () => client.auth.signInWithOtp({ phone }), "phone_provider_disabled"],
    [
      "sign-up by phone",
      () => client.auth.signUp({ phone, password: "long enough" }),
      "phone_provider_disabled",
    ],
    ["a phone of an account", async () => {
      const visitor = createClient(project.url, project.publishableKey, { auth: { persistSession: false } });
      await visitor.auth.signInAnonymously();
      return visitor.auth.updateUser({ phone });
    }, "phone_provider_disabled"],
    [
      "sign-in with a provider's token",
      () => client.auth.signInWithIdToken({ provider: "google", token: "x" }),
      "provider_disabled",
    ],
    ["single sign-on", () => client.auth.signInWithSSO({ domain: "example.org" }), "saml_provider_disabled"],
  ])("%s", async (_, call, code) => {
    const { error } = await call();
    expect([error?.status, error?.code]).toEqual([422, code]);
    expect(error?.message).toMatch(/ is absent from the local stack: docs\/local-stack\.md#auth$/);
  });

  test.each([
    ["POST", "factors", "mfa_totp_enroll_not_enabled"],
    ["GET", "user/identities/authorize?provider=github", "manual_linking_disabled"],
    ["GET", "oauth/authorize", "not_implemented"],
    ["GET", "user/oauth/grants", "not_implemented"],
    ["GET", "authorize?provider=github", "provider_disabled"],
    ["GET", "callback?code=x&state=y", "provider_disabled"],
    ["POST", "callback", "provider_disabled"],
    ["POST", "token?grant_type=id_token", "provider_disabled"],
    ["POST", "token?grant_type=web3", "web3_provider_disabled"],
    ["GET", "reauthenticate", "not_implemented"],
    ["GET", "admin/users", "not_implemented"],
  ])("%s %s", async (method, path, code) => {
    const response = await fetch(`${project.url}/auth/v1/${path}`, {
      method,
      headers: { apikey: project.publishableKey },
    });
    expect(response.headers.get("content-type")).toContain("application/json");
    expect([response.status, await response.json()]).toEqual([
      422,
      expect.objectContaining({
        code: 422,
        error_code: code,
        msg: expect.stringMatching(/ is absent from the local stack: docs\/local-stack\.md#auth$/),
      }),
    ]);
  });
});
