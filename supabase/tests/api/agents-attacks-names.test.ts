import { createHmac, randomUUID } from "node:crypto";
import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { FakeGithub } from "../../../scripts/fakes/github.ts";
import type { Delivery } from "../../../scripts/fakes/github-state.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { askTokens, githubWith, newToken } from "../support/github-tokens.ts";
import { type Person, rows, signUp } from "../support/people.ts";

// A repository is its id at GitHub: somebody takes a name that another one had, claims an id that is not theirs, or
// names a repository somewhere else.

const SECRET = "a-secret-of-the-webhook-for-tests";
const OWN_SECRET = "the-secret-of-one-repository-alone";
const tokens = { ana: newToken() };
let clock = 0;
let github: FakeGithub;
let project: TestProject;
let sql: Sql;
let ana: Person;
let mallory: Person;

beforeAll(async () => {
  // each change is some seconds after the one before it
  github = await githubWith(tokens, {
    webhookSecret: SECRET,
    now: () => new Date(Date.now() + 5_000 * ++clock),
  });
  project = await openTestProject({
    functions: {
      env: {
        GITHUB_API_URL: github.url,
        GITHUB_WEBHOOK_SECRETS: SECRET,
        GITHUB_REPOSITORY_SECRETS: `mallory/tool:${OWN_SECRET}`,
      },
    },
  });
  sql = connect(project.database);
  ana = await signUp(project, "ana");
  mallory = await signUp(project, "mallory");
  expect((await askTokens(project, ana, "POST", "", { token: tokens.ana })).status).toBe(200);
});
afterAll(async () => {
  await sql?.end();
  await project?.close();
  await github?.stop();
});

const shop = () => github.state.repos[0]!;

/** Ana's project of a private repository, with a pull request that she sees and a task that waits. */
beforeEach(async () => {
  clock = 0;
  await sql`delete from public.tasks`;
  await sql`delete from public.projects`;
  await sql`delete from public.pull_requests`;
  await sql`delete from private.github_repositories`;
  for (const list of [github.state.repos, github.state.pulls]) list.length = 0;
  github.state.addRepo({ owner: "acme", name: "shop", isPrivate: true, members: ["ana"] });
  github.state.openPull({ owner: "acme", name: "shop", title: "Ours", head: "fix" });
  const { id } = await rows(
    ana.client.from("projects").insert({
      repo_url: "https://github.com/acme/shop.git",
      repo_owner: "acme",
      repo_name: "shop",
      name: "Shop",
    }).select("id").single(),
  );
  await rows(
    ana.client.from("tasks").insert([
      { project_id: id, pr_number: 1, status: "completed" },
      { project_id: id, status: "pending", pr_branch: "later" },
    ]).select("id"),
  );
  await sweep();
  expect(await pullsOf(ana)).toEqual(["acme/shop#1 Ours"]);
});

async function sweep(): Promise<void> {
  await sql`update private.pull_request_checks set next_attempt_at = now()`;
  await sql`update public.task_pull_requests set verify_after = now() where verify_after is not null`;
  const headers = { apikey: project.secretKey };
  const response = await fetch(`${project.url}/functions/v1/github-sweep`, { method: "POST", headers });
  expect(await response.json()).toMatchObject({ failed: 0, stopped: null });
}
async function send({ headers, body }: Delivery): Promise<[number, string]> {
  const response = await fetch(`${project.url}/functions/v1/github-webhook`, {
    method: "POST",
    headers,
    body,
  });
  const answer = await response.json();
  return [response.status, answer.status ?? answer.code];
}
const deliver = (owner: string, name: string, number: number, action = "edited") =>
  send(github.state.delivery({ owner, name, number, action }));

const pullsOf = async ({ client }: Person) =>
  (await rows(client.from("pull_requests").select("repo_owner, repo_name, number, title").order("id")))
    .map((pull) => `${pull.repo_owner}/${pull.repo_name}#${pull.number} ${pull.title}`);
const allPulls = async () =>
  (await sql<{ pull: string }[]>`
    select repo_owner || '/' || repo_name || '#' || number || ' ' || coalesce(title, '-') as pull
    from public.pull_requests order by id
  `).map(({ pull }) => pull);
const projectOf = ({ client }: Person) =>
  rows(client.from("projects").select("repo_url, repo_owner, repo_name").single());
const waitingUrl = async () =>
  (await rows(ana.client.from("tasks").select("repo_url").eq("status", "pending").single())).repo_url;
const MOVED = { repo_url: "https://github.com/acme/Store.git", repo_owner: "acme", repo_name: "Store" };
const rename = (name = "Store") => {
  const from = github.state.moveRepo(shop(), { name });
  return github.state.repositoryDelivery({
    repo: shop(),
    action: "renamed",
    changes: { repository: { name: { from: from.name } } },
  });
};

test("a rename moves the project, what waits, and the pull request, which stays one", async () => {
  expect(await send(rename())).toEqual([200, "done"]);
  expect(await projectOf(ana)).toEqual(MOVED);
  expect(await waitingUrl()).toBe(MOVED.repo_url);
  expect(await pullsOf(ana)).toEqual(["acme/store#1 Ours"]);
  // a branch that a waiting task has named is found under the new name
  github.state.openPull({ owner: "acme", name: "Store", title: "Later", head: "later" });
  expect(await deliver("acme", "Store", 2, "opened")).toEqual([200, "done"]);
  await sweep();
  expect(await pullsOf(ana)).toEqual(["acme/store#1 Ours", "acme/store#2 Later"]);
});

test("without the event, the next delivery tells of it, and so does the next answer", async () => {
  rename();
  github.state.updatePull("acme", "Store", 1, { title: "Ours, again" });
  expect(await deliver("acme", "Store", 1)).toEqual([200, "done"]);
  expect([await projectOf(ana), await allPulls()]).toEqual([MOVED, ["acme/store#1 Ours, again"]]);
  rename("Shop2");
  await sweep();
  expect(await projectOf(ana)).toMatchObject({ repo_url: "https://github.com/acme/Shop2.git" });
  expect(await pullsOf(ana)).toEqual(["acme/shop2#1 Ours, again"]);
});

test("a transfer, and an organisation with another name, are the same repository", async () => {
  const from = github.state.moveRepo(shop(), { owner: "globex" });
  expect(
    await send(github.state.repositoryDelivery({
      repo: shop(),
      action: "transferred",
      changes: { owner: { from: { organization: { login: from.owner } } } },
    })),
  ).toEqual([200, "done"]);
  expect(await projectOf(ana)).toMatchObject({
    repo_url: "https://github.com/globex/shop.git",
    repo_owner: "globex",
  });
  github.state.moveRepo(shop(), { owner: "globex-inc" });
  await sweep();
  expect(await pullsOf(ana)).toEqual(["globex-inc/shop#1 Ours"]);
  expect(await waitingUrl()).toBe("https://github.com/globex-inc/shop.git");
});

test("who takes the name is somebody else", async () => {
  expect(await send(rename())).toEqual([200, "done"]);
  github.state.addRepo({ owner: "acme", name: "shop", members: ["mallory"] });
  github.state.openPull({ owner: "acme", name: "shop", title: "Theirs", head: "fix" });
  // nobody has named it since
  expect(await deliver("acme", "shop", 1, "opened")).toEqual([200, "ignored"]);
  await rows(
    mallory.client.from("tasks").insert({ pr_url: "https://github.com/acme/shop/pull/1" }).select("id"),
  );
  expect(await deliver("acme", "shop", 1, "edited")).toEqual([200, "done"]);
  expect([await pullsOf(ana), await pullsOf(mallory)]).toEqual([["acme/store#1 Ours"], [
    "acme/shop#1 Theirs",
  ]]);
  await sweep();
  expect([await pullsOf(ana), await pullsOf(mallory)]).toEqual([["acme/store#1 Ours"], [
    "acme/shop#1 Theirs",
  ]]);
});

test("the same where the event of the rename is lost: nothing of ana's becomes theirs", async () => {
  rename();
  github.state.addRepo({ owner: "acme", name: "shop", members: ["mallory"] });
  github.state.openPull({ owner: "acme", name: "shop", title: "Theirs", head: "fix" });
  expect(await deliver("acme", "shop", 1, "opened")).toEqual([200, "done"]);
  expect(await pullsOf(ana)).toEqual(["acme/shop#1 Ours"]);
  expect(await allPulls()).toEqual(["acme/shop#1 Ours", "acme/shop#1 Theirs"]);
  // what lost its name is asked for, and tells the new one
  await sweep();
  expect(await pullsOf(ana)).toEqual(["acme/store#1 Ours"]);
  expect([await projectOf(ana), await waitingUrl()]).toEqual([MOVED, MOVED.repo_url]);
  // mallory names the old address, which is theirs now, and sees theirs only
  await rows(
    mallory.client.from("tasks").insert({ pr_url: "https://github.com/acme/shop/pull/1" }).select("id"),
  );
  expect(await pullsOf(mallory)).toEqual(["acme/shop#1 Theirs"]);
  expect(await allPulls()).toEqual(["acme/store#1 Ours", "acme/shop#1 Theirs"]);
});

test("an old address in a new task leads to the repository, and its pull requests stay one row", async () => {
  await send(rename());
  await rows(ana.client.from("tasks").insert({ pr_url: "https://github.com/acme/shop/pull/1" }).select("id"));
  await sweep();
  expect(await allPulls()).toEqual(["acme/store#1 Ours"]);
  expect(await sql`select from public.task_pull_requests where verified_at is not null`).toHaveLength(2);
});

test("an event that arrives late, or twice, renames nothing back", async () => {
  const first = rename("Store");
  const second = rename("Depot");
  expect(await send(second)).toEqual([200, "done"]);
  expect(await send(first)).toEqual([200, "done"]);
  expect(await projectOf(ana)).toMatchObject({ repo_url: "https://github.com/acme/Depot.git" });
  expect(await allPulls()).toEqual(["acme/depot#1 Ours"]);
});

test("an event that is dated ahead is refused", async () => {
  const { headers, body } = rename();
  const payload = JSON.parse(body);
  payload.repository.updated_at = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+/, "");
  expect(await send(signed(payload, SECRET, headers))).toEqual([422, "agents_github_time_invalid"]);
  expect(await projectOf(ana)).toMatchObject({ repo_name: "shop" });
});

test("a repository that becomes private, or is deleted, shows what was public no longer", async () => {
  for (const action of ["privatized", "deleted"]) {
    github.state.repos.length = 1;
    github.state.addRepo({ owner: "acme", name: `open-${action}`, members: ["ana"] });
    const open = github.state.repos[1]!;
    github.state.openPull({ owner: "acme", name: open.name, title: "Public", head: "fix" });
    const pr_url = `https://github.com/acme/${open.name}/pull/1`;
    await rows(mallory.client.from("tasks").insert({ pr_url, status: "completed" }).select("id"));
    github.state.merge("acme", open.name, 1);
    expect(await deliver("acme", open.name, 1, "closed")).toEqual([200, "done"]);
    expect(await pullsOf(mallory)).toEqual([`acme/${open.name}#1 Public`]);
    if (action === "privatized") open.isPrivate = true;
    expect(await send(github.state.repositoryDelivery({ repo: open, action }))).toEqual([200, "done"]);
    expect(await pullsOf(mallory)).toEqual([]);
  }
});

test("a repository that is deleted and created again is found by its name; what was seen before stays hidden", async () => {
  const [gone] = github.state.repos.splice(0);
  github.state.pulls.length = 0;
  github.state.addRepo({ owner: "acme", name: "shop", isPrivate: true, members: ["ana"] });
  github.state.openPull({ owner: "acme", name: "shop", title: "Other", head: "fix" });
  github.state.openPull({ owner: "acme", name: "shop", title: "New", head: "new" });
  expect(github.state.repos[0]?.id).not.toBe(gone?.id);
  await rows(ana.client.from("tasks").insert({ pr_url: "https://github.com/acme/shop/pull/2" }).select("id"));
  await sweep();
  expect(await pullsOf(ana)).toEqual([]);
  await sweep();
  expect(await pullsOf(ana)).toEqual(["acme/shop#2 New"]);
  await sweep();
  expect(await pullsOf(ana)).toEqual(["acme/shop#2 New"]);
});

test("names that nothing is about any more do not pile up", async () => {
  const names = Array.from(
    { length: 50 },
    (_, at) => ({ repo_url: `https://github.com/acme/made-up-${at}` }),
  );
  await rows(mallory.client.from("tasks").insert(names).select("id"));
  await rows(mallory.client.from("tasks").delete().gt("id", 0).select("id"));
  await sql`update private.github_repositories set created_at = now() - interval '31 days'`;
  const [job] = await sql<{ command: string }[]>`
    select command from cron.job where jobname = 'agents-prune-pull-requests'
  `;
  await sql.unsafe(job?.command ?? "");
  expect(await sql`select repo_name from private.github_repositories`).toEqual([{ repo_name: "shop" }]);
  expect(await pullsOf(ana)).toEqual(["acme/shop#1 Ours"]);
});

/** A delivery of this payload with this secret. */
function signed(payload: unknown, secret: string, headers: Record<string, string>): Delivery {
  const body = JSON.stringify(payload);
  const signature = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
  return {
    headers: { ...headers, "x-github-delivery": randomUUID(), "x-hub-signature-256": signature },
    body,
  };
}

test("the secret of one repository is not good for another one's id, nor for its name", async () => {
  github.state.addRepo({ owner: "mallory", name: "tool", members: ["mallory"] });
  github.state.openPull({ owner: "mallory", name: "tool", title: "Theirs", head: "fix" });
  await rows(
    mallory.client.from("tasks").insert({ pr_url: "https://github.com/mallory/tool/pull/1" }).select("id"),
  );
  const { headers, body } = github.state.delivery({
    owner: "mallory",
    name: "tool",
    number: 1,
    action: "opened",
  });
  const forge = (id: number) => {
    const payload = JSON.parse(body);
    payload.repository.id = payload.pull_request.base.repo.id = id;
    return send(signed(payload, OWN_SECRET, headers));
  };
  expect(await forge(shop().id)).toEqual([401, "agents_webhook_signature_invalid"]);
  const event = github.state.repositoryDelivery({ repo: shop(), action: "renamed" });
  const payload = JSON.parse(event.body);
  payload.repository.owner.login = "mallory";
  payload.repository.name = "tool";
  payload.changes = { repository: { name: { from: "shop" } }, owner: { from: { user: { login: "acme" } } } };
  expect(await send(signed(payload, OWN_SECRET, event.headers))).toEqual([
    401,
    "agents_webhook_signature_invalid",
  ]);
  // an id that GitHub has not reported may be any repository's, and is left out
  expect(await forge(987_654_321)).toEqual([200, "done"]);
  expect(await sql`select from private.github_repositories where github_id = 987654321`).toEqual([]);
  await sweep();
  expect(await forge(github.state.repos[1]!.id)).toEqual([200, "done"]);
  expect(await forge(987_654_322)).toEqual([401, "agents_webhook_signature_invalid"]);
  expect([await projectOf(ana), await allPulls()]).toEqual([
    { repo_url: "https://github.com/acme/shop.git", repo_owner: "acme", repo_name: "shop" },
    ["acme/shop#1 Ours", "mallory/tool#1 Theirs"],
  ]);
});

/** Ana's project of a repository without a pull request. */
async function addProject(): Promise<void> {
  github.state.addRepo({ owner: "acme", name: "app", isPrivate: true, members: ["ana"] });
  const { id } = await rows(
    ana.client.from("projects").insert({
      repo_url: "https://github.com/acme/app",
      repo_owner: "acme",
      repo_name: "app",
      name: "App",
    }).select("id").single(),
  );
  await rows(ana.client.from("tasks").insert({ project_id: id }).select("id"));
}
const appUrls = async () => {
  const project = await rows(ana.client.from("projects").select("id, repo_url").eq("name", "App").single());
  const tasks = await rows(ana.client.from("tasks").select("repo_url").eq("project_id", project.id));
  return [project, ...tasks].map(({ repo_url }) => repo_url);
};

test("nor for a repository that GitHub has not reported, by what was changed", async () => {
  await addProject();
  github.state.addRepo({ owner: "mallory", name: "tool", members: ["mallory"] });
  for (const action of ["renamed", "transferred", "privatized", "deleted"]) {
    const event = github.state.repositoryDelivery({ repo: github.state.repos[2]!, action });
    const payload = JSON.parse(event.body);
    payload.changes = {
      repository: { name: { from: "app" } },
      owner: { from: { user: { login: "acme" } } },
    };
    expect((await send(signed(payload, OWN_SECRET, event.headers)))[0], action).toBe(401);
  }
  expect(await appUrls()).toEqual(["https://github.com/acme/app", "https://github.com/acme/app"]);
});

test("a project without a pull request is its repository too: who takes its name later gets nothing", async () => {
  await addProject();
  await sweep();
  github.state.moveRepo(github.state.repos[1]!, { name: "app2" });
  github.state.addRepo({ owner: "acme", name: "app", members: ["mallory"] });
  github.state.openPull({ owner: "acme", name: "app", title: "Theirs", head: "fix" });
  await deliver("acme", "app", 1, "opened");
  await sweep();
  expect(await appUrls()).toEqual(["https://github.com/acme/app2", "https://github.com/acme/app2"]);
});

test("a rename moves pending tasks that name the repository themselves, in any spelling", async () => {
  const urls = [
    "git@github.com:Acme/Shop.git",
    "https://github.com/acme/shop/",
    "https://github.com/acme/shop2",
  ];
  await rows(ana.client.from("tasks").insert(urls.map((repo_url) => ({ repo_url }))).select("id"));
  expect(await send(rename())).toEqual([200, "done"]);
  const moved = await rows(ana.client.from("tasks").select("repo_url").is("project_id", null).order("id"));
  expect(moved.map(({ repo_url }) => repo_url)).toEqual([
    "git@github.com:acme/Store.git",
    "https://github.com/acme/Store/",
    "https://github.com/acme/shop2",
  ]);
});

test("another host is not GitHub, and dots are not names", async () => {
  const urls = [
    "https://gitlab.example/acme/shop",
    "https://github.com.evil.example/acme/shop",
    "https://evil.example/github.com/acme/shop",
    "git@gitlab.example:acme/shop.git",
    "https://github.com/acme/..",
    "https://github.com/acme/.",
    "https://github.com/../shop",
    "https://github.com/acme/..git",
    "https://github.com/acmé/shop",
  ];
  for (const url of urls) {
    const task = await rows(
      mallory.client.from("tasks").insert({ repo_url: url, pr_number: 1, pr_branch: "fix" }).select("id")
        .single(),
    );
    // refused, or stored and linked to nothing
    const named = await mallory.client.from("tasks").insert({ pr_url: `${url}/pull/1` }).select("id");
    expect([201, 422]).toContain(named.status);
    const { id: project_id } = await rows(
      mallory.client.from("projects").insert({
        repo_url: url,
        repo_owner: "acme",
        repo_name: "shop",
        name: "S",
      })
        .select("id").single(),
    );
    const inProject = await rows(
      mallory.client.from("tasks").insert({ project_id, pr_number: 1 }).select("id").single(),
    );
    for (const { id } of [task, inProject, ...named.data ?? []]) {
      expect([url, await sql`select from private.task_github_refs where task_id = ${id}`]).toEqual([url, []]);
    }
  }
  // a server of its own is GitHub once an admin has set its host
  await sql`update public.agent_settings set github_host = 'ghe.example.org'`;
  await rows(
    mallory.client.from("tasks").insert({ pr_url: "https://ghe.example.org:8443/acme/shop/pull/1" }).select(
      "id",
    ),
  );
  expect(await sql`select from public.task_pull_requests where user_id = ${mallory.id}`).toHaveLength(1);
  await sql`update public.agent_settings set github_host = 'github.com'`;
});
