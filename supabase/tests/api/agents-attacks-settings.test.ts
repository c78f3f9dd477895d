import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestProject, type TestProject } from "../support/database.ts";
import { askTokens, githubWith } from "../support/github-tokens.ts";
import { type Person, rows, server, signUp } from "../support/people.ts";

// What a person tries with a setting, a URL, a page in a browser, and a payload.

const github = await githubWith({});
let project: TestProject;
let admin: Person;
let stranger: Person;

beforeAll(async () => {
  project = await openTestProject({ functions: { env: { GITHUB_API_URL: github.url } } });
  admin = await signUp(project, "adam", "admin");
  stranger = await signUp(project, "mallory");
});
afterAll(async () => {
  await project?.close();
  await github.stop();
});

test("an admin can't send the database's tickets to a server of their own", async () => {
  const update = (
    client: Person["client"],
    values: { functions_url?: string | null; retry_seconds?: number },
  ) => client.from("agent_settings").update(values).eq("id", true).select("functions_url, retry_seconds");
  expect(await rows(update(server(project), { functions_url: "https://functions.example/v1" })))
    .toMatchObject([{ functions_url: "https://functions.example/v1" }]);
  for (const functions_url of ["https://attacker.example/v1", null]) {
    const { status, error } = await update(admin.client, { functions_url });
    expect([status, error?.message]).toEqual([403, "agents_functions_url_forbidden"]);
  }
  // a client that sends the row back
  expect(
    await rows(update(admin.client, { functions_url: "https://functions.example/v1", retry_seconds: 31 })),
  ).toEqual([{ functions_url: "https://functions.example/v1", retry_seconds: 31 }]);
  expect((await update(stranger.client, { functions_url: "https://attacker.example/v1" })).status).toBe(403);
});

test("a credential in a repository's URL is refused in every spelling, and not repeated", async () => {
  const spellings = [
    "https:/s3cret@github.com/acme/shop",
    "//s3cret@github.com/acme/shop",
    "https://github.com/acme/shop?access_token=s3cret",
    "\ufeffhttps://s3cret@github.com/acme/shop",
    "https://s3cret%40github.com/acme/shop",
    "https:\\\\s3cret@github.com\\acme\\shop",
    "https://github.com/acme/ghp_s3cretabcdefABCDEF0123456789abcd01",
    "ssh://git:s3cret@github.com/acme/shop",
    "git::https://me:s3cret@github.com/acme/shop",
    "https://https://me:s3cret@github.com/acme/shop",
    '"https://me:s3cret@github.com/acme/shop"',
    "view-source:https://me:s3cret@github.com/acme/shop",
    "url=https://s3cret@github.com/acme/shop",
  ];
  for (const repo_url of spellings) {
    const answers = [
      await stranger.client.from("tasks").insert({ repo_url }),
      await stranger.client.from("projects").insert({
        repo_url,
        repo_owner: "acme",
        repo_name: "shop",
        name: "Shop",
      }),
    ];
    for (const { status, error } of answers) {
      expect([repo_url, status, error?.message]).toEqual([repo_url, 422, "agents_repo_url_invalid"]);
      expect(JSON.stringify(error)).not.toContain("s3cret");
    }
  }
  expect((await stranger.client.from("tasks").insert({ repo_url: "git@github.com:acme/shop.git" })).status)
    .toBe(201);
});

test("a credential in a pull request's URL is refused, by a person and by a worker, and not repeated", async () => {
  const { data: made } = await server(project).rpc("create_worker_token", {
    name: "fleet",
    agents: ["claude"],
    for_everybody: true,
  });
  const task = await rows(
    stranger.client.from("tasks").insert({ repo_url: "https://github.com/acme/shop" }).select("id").single(),
  );
  const worker_token = made?.[0]?.token ?? "";
  const [lease] = await rows(
    server(project).rpc("claim_task", { worker: "w", agents: ["claude"], worker_token }),
  );
  for (
    const pr_url of [
      "https://ghp_s3cret@github.com/acme/shop/pull/7",
      "https://me:s3cret@github.com/acme/shop/pull/7",
      "https://me:s3cret@ghe.example/acme/shop/pull/7",
      "https://github.com/acme/shop/pull/7?access_token=s3cret",
    ]
  ) {
    const answers = [
      await stranger.client.from("tasks").insert({ pr_url }),
      await stranger.client.from("tasks").update({ pr_url }).eq("id", task.id),
      await server(project).rpc("complete_task", {
        task_id: lease?.task_id ?? 0,
        fencing_token: lease?.fencing_token ?? 0,
        worker_token,
        pr_url,
      }),
    ];
    for (const { status, error } of answers) {
      expect([pr_url, status, error?.message]).toEqual([pr_url, 422, "agents_pr_url_invalid"]);
      expect(JSON.stringify(error)).not.toContain("s3cret");
    }
  }
});

test("a page in a browser is refused where only servers call, with whatever key", async () => {
  for (const origin of ["https://evil.example", "http://localhost:3000", "null"]) {
    const keys = { apikey: project.secretKey, origin };
    expect(await askTokens(project, keys, "POST", "/reveal", { task_id: 99, fencing_token: 99 }))
      .toMatchObject({ status: 403, body: { code: "origin_forbidden" } });
    for (const name of ["github-sweep", "triage-assist"]) {
      const called = await fetch(`${project.url}/functions/v1/${name}`, { method: "POST", headers: keys });
      expect([name, called.status, (await called.json()).code]).toEqual([name, 403, "origin_forbidden"]);
    }
  }
  expect(
    (await askTokens(project, { apikey: project.secretKey }, "POST", "/reveal", {
      task_id: 99,
      fencing_token: 99,
    })).body.code,
  ).toBe("agents_task_lease_expired");
});

test("a stranger's payload is not taken apart: the same answer, whatever it is, and as fast", async () => {
  const large = " ".repeat(900_000);
  const calls = [
    () => stranger.client.rpc("upsert_circle_issue", { p_message_id: large, p_title: large, p_body: large }),
    () => stranger.client.rpc("claim_exai_issue", { issue_number: 1, conversation_id: large }),
    () => stranger.client.rpc("renew_exai_claims", { issue_numbers: [1], conversation_id: large }),
    () => stranger.client.rpc("search_exai_issues", { query: `"${"(".repeat(5_000)}` }),
    () => stranger.client.rpc("process_circle_webhook", { p_payload: { items: Array(50_000).fill({}) } }),
  ];
  for (const call of calls) {
    const { status, error } = await call();
    expect([status, error?.message]).toEqual([403, "team_role_required"]);
  }
});
