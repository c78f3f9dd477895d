import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestProject, type TestProject } from "../support/database.ts";

// Internal tables, functions and schemas can't be reached over the API, not even with the secret key.

let project: TestProject;

beforeAll(async () => {
  project = await openTestProject();
});

afterAll(async () => {
  await project?.close();
});

async function get(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; code: string }> {
  const response = await fetch(`${project.url}/rest/v1/${path}`, {
    headers: { apikey: project.secretKey, ...headers },
  });
  const { code } = await response.json() as { code: string };
  return { status: response.status, code };
}

test.each([
  "inbox_events",
  "circle_imports",
  "issue_search",
  "refresh_tokens",
  "secrets",
  "job",
  "decrypted_secrets",
  "http_request_queue",
])(
  "the API has no table %s",
  async (name) => {
    expect(await get(name)).toEqual({ status: 404, code: "PGRST205" });
  },
);

test.each(["private", "auth", "cron", "net", "vault", "extensions", "pg_catalog"])(
  "schema %s is not exposed",
  async (schema) => {
    expect(await get("inbox_events", { "accept-profile": schema })).toEqual({
      status: 406,
      code: "PGRST106",
    });
  },
);

test.each([
  "issues?select=id,users(*)",
  "team_members?select=*,users(*)",
  "team_members?select=*,auth_users:users!team_members_user_id_fkey(*)",
  "circle_issues?select=id,circle_imports(*)",
])("%s can't be embedded", async (path) => {
  expect(await get(path)).toEqual({ status: 400, code: "PGRST200" });
});

test.each(["has_team_role", "team_role", "actor_name", "set_config", "pg_sleep", "http_post"])(
  "the API has no function %s",
  async (name) => {
    expect(await get(`rpc/${name}`)).toEqual({ status: 404, code: "PGRST202" });
  },
);
