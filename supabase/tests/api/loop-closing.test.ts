import type { Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { deliveryRequest, SECRET } from "../support/github-deliveries.ts";
import { type Person, rows, server, signUp } from "../support/people.ts";

// From a pull request to resolved issues over HTTP alone: what the team does by the Data API, and what GitHub's webhook
// delivers, once, twice and in any order.

let project: TestProject;
let sql: Sql;
let maya: Person;
let adam: Person;
let vera: Person;

beforeAll(async () => {
  project = await openTestProject({ functions: { env: { GITHUB_WEBHOOK_SECRETS: SECRET } } });
  sql = connect(project.database);
  maya = await signUp(project, "maya", "agent");
  adam = await signUp(project, "adam", "admin");
  vera = await signUp(project, "vera", "viewer");
});

afterAll(async () => {
  await sql?.end();
  await project?.close();
});

const REPOSITORY = { id: 4711, name: "Shop", full_name: "Acme/Shop", private: true, default_branch: "main" };

/** A time in GitHub's form, some seconds ago. */
const ago = (seconds: number): string =>
  new Date(Date.now() - seconds * 1000).toISOString().replace(/\.\d+/, "");

interface Pull {
  number: number;
  updated: number;
  body: string;
  merged?: boolean;
  isFromFork?: boolean;
}

const pullRequest = ({ number, updated, body, merged, isFromFork }: Pull) => ({
  action: merged ? "closed" : "opened",
  number,
  pull_request: {
    number,
    state: merged ? "closed" : "open",
    draft: false,
    title: "Keep the rows",
    body,
    html_url: `https://github.com/Acme/Shop/pull/${number}`,
    user: { login: "maya" },
    created_at: ago(600),
    updated_at: ago(updated),
    closed_at: merged ? ago(updated) : null,
    merged_at: merged ? ago(updated) : null,
    merge_commit_sha: "abc",
    head: { ref: "fix", sha: "abc", repo: { full_name: isFromFork ? "mallory/shop" : "Acme/Shop" } },
    base: { ref: "main", repo: REPOSITORY },
  },
  repository: { ...REPOSITORY, owner: { login: "Acme" } },
});

const deployment = (state: string, seconds: number) => ({
  action: "created",
  deployment_status: { state, environment: "production", created_at: ago(seconds), updated_at: ago(seconds) },
  deployment: { id: 1, created_at: ago(seconds + 5), updated_at: ago(seconds + 5) },
  repository: { ...REPOSITORY, owner: { login: "Acme" }, updated_at: ago(900) },
});

async function deliver(payload: object, event = "pull_request"): Promise<string> {
  const response = await fetch(deliveryRequest(JSON.stringify(payload), {
    event,
    headers: { "x-github-delivery": crypto.randomUUID() },
  }, project.githubWebhookUrl));
  const { status } = await response.json() as { status: string };
  return `${response.status} ${status}`;
}

/** An issue that somebody reported an hour ago, and the engineering issue that an agent promotes it to. */
async function promoted(title: string): Promise<{ id: string; number: number }> {
  const { id } = await rows(
    server(project).from("issues").insert({ title, created_at: ago(3600) }).select("id").single(),
  );
  const { issue_number } = await rows(maya.client.rpc("promote_issue", { issue_id: id }).single());
  return { id, number: issue_number };
}

const setGate = async (ship_gate: string) => {
  const { error } = await adam.client.from("loop_settings").update({ ship_gate }).eq("id", true);
  expect(error).toBeNull();
};

const issue = (id: string) =>
  rows(vera.client.from("issues").select("status, resolved_by").eq("id", id).single());

const hops = async (id: string) => {
  const events = await rows(
    vera.client.from("loop_events").select("hop, generation").eq("issue_id", id).order("id"),
  );
  return events.map(({ hop, generation }) => `${generation} ${hop}`);
};

const FIXED = [
  "1 reported",
  "1 triaged",
  "1 promoted",
  "1 opened",
  "1 merged",
  "1 fixed",
  "1 shipped",
  "1 resolved",
];

describe("a repository of the loop", () => {
  test("is added by an admin alone", async () => {
    const row = { repo_owner: "Acme", repo_name: "Shop" };
    for (const { client } of [maya, vera]) {
      expect((await client.from("loop_repositories").insert(row)).status).toBe(403);
    }
    const added = await rows(adam.client.from("loop_repositories").insert(row).select().single());
    expect(added).toMatchObject({ repo_owner: "acme", repo_name: "shop", added_by: "adam" });
  });
});

describe("a pull request", () => {
  test("that is opened and merged resolves the issue once, however often it is delivered", async () => {
    const { id, number } = await promoted("Rows are lost");
    const opened = pullRequest({ number: 1, updated: 500, body: `Fixes EXAI-${number}` });
    const merged = pullRequest({ number: 1, updated: 400, body: `Fixes EXAI-${number}`, merged: true });
    expect(await deliver(opened)).toBe("200 done");
    expect(await issue(id)).toEqual({ status: "waiting_for_help", resolved_by: null });
    expect(await deliver(merged)).toBe("200 done");
    expect(await issue(id)).toEqual({ status: "resolved", resolved_by: "Fixloop" });
    expect([await deliver(merged), await deliver(opened)]).toEqual(["200 already_done", "200 already_done"]);
    expect(await hops(id)).toEqual(FIXED);
    const links = await rows(
      vera.client.from("exai_issue_pull_requests").select("intent, source, repo_name, number, state")
        .eq("number", 1),
    );
    expect(links).toEqual([{
      intent: "closes",
      source: "words",
      repo_name: "shop",
      number: 1,
      state: "closed",
    }]);
  });

  test("whose opening is delivered after its merge does the same", async () => {
    const { id, number } = await promoted("Rows come twice");
    const body = `Closes EXAI-${number}`;
    expect(await deliver(pullRequest({ number: 2, updated: 400, body, merged: true }))).toBe("200 done");
    expect(await deliver(pullRequest({ number: 2, updated: 500, body }))).toBe("200 done");
    expect(await hops(id)).toEqual(FIXED);
  });

  test("of somebody outside holds up nothing, and its text counts as it was merged", async () => {
    const { id, number } = await promoted("Rows are sorted wrong");
    const body = `Fixes EXAI-${number}`;
    await deliver(pullRequest({ number: 3, updated: 500, body, isFromFork: true }));
    await deliver(pullRequest({ number: 4, updated: 400, body: "A typo", isFromFork: true, merged: true }));
    const edited = pullRequest({ number: 4, updated: 400, body, isFromFork: true, merged: true });
    edited.pull_request.updated_at = ago(300);
    expect(await deliver({ ...edited, action: "edited" })).toBe("200 done");
    expect(await issue(id)).toMatchObject({ status: "waiting_for_help" });
    await deliver(pullRequest({ number: 5, updated: 200, body, merged: true }));
    expect(await issue(id)).toMatchObject({ status: "resolved" });
  });

  test("is linked by an agent, and by nobody else", async () => {
    const { id, number } = await promoted("Rows are slow");
    await deliver(pullRequest({ number: 6, updated: 300, body: "No word of it", merged: true }));
    const call = { issue_number: number, url: "https://github.com/acme/shop/pull/6" };
    expect((await vera.client.rpc("link_pull_request", call)).status).toBe(403);
    const link = await rows(maya.client.rpc("link_pull_request", call).single());
    expect(link).toMatchObject({ source: "person", intent: "closes", linked_by: "maya" });
    expect(await issue(id)).toMatchObject({ status: "resolved" });
  });
});

describe("the gate", () => {
  test("waits for a person", async () => {
    await setGate("person");
    const { id, number } = await promoted("Rows are blue");
    await deliver(pullRequest({ number: 7, updated: 300, body: `Fixes EXAI-${number}`, merged: true }));
    expect(await issue(id)).toMatchObject({ status: "waiting_for_help" });
    expect((await vera.client.rpc("ship_issue", { issue_number: number })).status).toBe(403);
    const fix = await rows(maya.client.rpc("ship_issue", { issue_number: number }).single());
    expect(fix).toMatchObject({ fixed_by: "pull_requests", shipped_by: "maya" });
    expect(await hops(id)).toEqual(FIXED);
  });

  test("waits for a deployment", async () => {
    await setGate("deployment");
    const { id, number } = await promoted("Rows are red");
    await deliver(pullRequest({ number: 8, updated: 300, body: `Fixes EXAI-${number}`, merged: true }));
    expect(await deliver(deployment("failure", 200), "deployment_status")).toBe("200 ignored");
    expect(await deliver(deployment("success", 350), "deployment_status")).toBe("200 done");
    expect(await issue(id)).toMatchObject({ status: "waiting_for_help" });
    expect(await deliver(deployment("success", 100), "deployment_status")).toBe("200 done");
    expect(await hops(id)).toEqual(FIXED);
  });

  test("that is changed lets pass what waits", async () => {
    const { id, number } = await promoted("Rows are green");
    await deliver(pullRequest({ number: 9, updated: 50, body: `Fixes EXAI-${number}`, merged: true }));
    expect(await issue(id)).toMatchObject({ status: "waiting_for_help" });
    await setGate("merge");
    expect(await hops(id)).toEqual(FIXED);
  });
});

test("an engineering issue that is reopened takes its issues up again, and the next fix resolves them", async () => {
  const { id, number } = await promoted("Rows vanish");
  const body = `Fixes EXAI-${number}`;
  await deliver(pullRequest({ number: 10, updated: 300, body, merged: true }));
  await rows(maya.client.rpc("set_exai_issue_status", { issue_number: number, status: "open" }));
  expect(await issue(id)).toEqual({ status: "in_progress", resolved_by: null });
  // its merge is younger than the reopening
  const next = pullRequest({ number: 11, updated: -2, body, merged: true });
  expect(await deliver(next)).toBe("200 done");
  expect((await hops(id)).slice(FIXED.length)).toEqual(
    ["2 reopened", "2 opened", "2 merged", "2 fixed", "2 shipped", "2 resolved"],
  );
});

test("duplicates are merged into the older issue, whose fix they get", async () => {
  const { id, number } = await promoted("Rows are gone");
  const twin = await rows(
    server(project).from("issues").insert({ title: "All rows are gone", created_at: ago(1800) }).select("id")
      .single(),
  );
  const pair = { source: twin.id, into: id };
  expect((await vera.client.rpc("merge_issues", pair)).status).toBe(403);
  expect((await maya.client.rpc("merge_issues", { source: id, into: twin.id })).status)
    .toBe(422);
  const merge = await rows(maya.client.rpc("merge_issues", pair).single());
  expect(merge).toMatchObject({ merged_by: "maya", source_status: "waiting_for_help" });
  await deliver(pullRequest({ number: 12, updated: 30, body: `Fixes EXAI-${number}`, merged: true }));
  expect([await issue(id), await issue(twin.id)]).toMatchObject([{ status: "resolved" }, {
    status: "archived",
  }]);
  expect(await rows(maya.client.rpc("unmerge_issues", { source: twin.id }))).toBe(true);
  expect(await issue(twin.id)).toMatchObject({ status: "waiting_for_help" });
});
