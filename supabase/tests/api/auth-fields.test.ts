import { afterAll, describe, expect, test } from "vitest";
import { connect, openTestProject } from "../support/database.ts";

// Bodies that no client of ours sends to Auth, and others do: GoTrue rejects them as 400, and creates nothing.

const project = await openTestProject({ template: "platform" });
const sql = connect(project.database);
afterAll(async () => {
  await sql.end();
  await project.close();
});

async function post(path: string, body: string): Promise<{ status: number; code: unknown }> {
  const response = await fetch(`${project.url}/auth/v1/${path}`, {
    method: "POST",
    headers: { apikey: project.publishableKey, "content-type": "application/json" },
    body,
  });
  const { error_code: code } = await response.json() as Record<string, unknown>;
  return { status: response.status, code };
}

const password = "correct horse battery";

describe("a sign-up", () => {
  test.each<[string, unknown]>([
    ["bad_json", { email: 5, password }],
    ["bad_json", { email: ["ada@example.com"], password }],
    ["bad_json", { email: "ada@example.com", password: {} }],
    ["bad_json", { email: "ada@example.com", password: 12345678 }],
    ["bad_json", { email: "ada@example.com", password, data: "name" }],
    ["bad_json", { email: "ada@example.com", password, data: [1] }],
    ["bad_json", { email: "ada@example.com", password, data: { name: "\0" } }],
    ["bad_json", { email: "ada@example.com", password, data: { name: "\ud800" } }],
    ["bad_json", { phone: 49, password }],
    ["bad_json", []],
    ["bad_json", [{ email: "ada@example.com", password }]],
    ["bad_json", "ada@example.com"],
    ["validation_failed", { email: "a\0da@example.com", password }],
    ["validation_failed", { email: "\ud800@example.com", password }],
    ["validation_failed", { email: `${"a".repeat(250)}@example.com`, password }],
  ])("%s: %j", async (code, body) => {
    expect(await post("signup", JSON.stringify(body))).toEqual({ status: 400, code });
    expect(await sql`select from auth.users`).toEqual([]);
  });

  test.each(["constructor", "__proto__", "toString"])(
    "ignores a field that nothing has: %s",
    async (name) => {
      const body = `{"email": "ada@example.com", "password": "short", "${name}": 1}`;
      expect(await post("signup", body)).toEqual({ status: 422, code: "weak_password" });
    },
  );

  test("null is what is left out, and a backslash is a character", async () => {
    const body = { email: null, phone: null, data: { path: "C:\\u0000" } };
    expect(await post("signup", JSON.stringify(body))).toEqual({ status: 200, code: undefined });
    const [user] = await sql`delete from auth.users returning is_anonymous, raw_user_meta_data as data`;
    expect(user).toEqual({ is_anonymous: true, data: { path: "C:\\u0000" } });
  });
});

test.each(["constructor", "__proto__", "implicit", ""])("there is no grant %s", async (grant) => {
  expect(await post(`token?grant_type=${grant}`, "{}"))
    .toEqual({ status: 400, code: "invalid_credentials" });
});

test.each<[string, unknown]>([
  ["token?grant_type=password", { email: "ada@example.com", password: ["x"] }],
  ["token?grant_type=password", { email: ["ada@example.com"], password }],
  ["token?grant_type=refresh_token", { refresh_token: 5 }],
  ["token?grant_type=refresh_token", { refresh_token: "\0" }],
  ["otp", { email: "ada@example.com", create_user: "no" }],
  ["verify", { type: "email", email: "ada@example.com", token: 123456 }],
  ["verify", { type: ["email"], token_hash: "x" }],
  ["recover", { email: {} }],
])("%s: %j", async (path, body) => {
  expect(await post(path, JSON.stringify(body))).toEqual({ status: 400, code: "bad_json" });
});
