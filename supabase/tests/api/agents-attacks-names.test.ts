import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { rows } from "../support/people.ts";
import { MOVED, Repositories, signed } from "../support/repositories.ts";

// A repository is its id at GitHub, and keeps its pull requests when its name changes; who takes the name is another one.

const there = new Repositories();
let github: Repositories["github"];
let sql: Repositories["sql"];
let ana: Repositories["ana"];
let mallory: Repositories["mallory"];

beforeAll(async () => {
  ({ github, sql, ana, mallory } = await there.open());
});
afterAll(() => there.close());
beforeEach(() => there.reset());

test("a rename moves the project, what waits, and the pull request, which stays one", async () => {
  expect(await there.send(there.rename())).toEqual([200, "done"]);
  expect(await there.anasProject()).toEqual(MOVED);
  expect(await there.waitingUrl()).toBe(MOVED.repo_url);
  expect(await there.pullsOf(ana)).toEqual(["acme/store#1 Ours"]);
  // a branch that a waiting task has named is found under the new name
  github.state.openPull({ owner: "acme", name: "Store", title: "Later", head: "later" });
  expect(await there.deliver("acme", "Store", 2, "opened")).toEqual([200, "done"]);
  await there.sweep();
  expect(await there.pullsOf(ana)).toEqual(["acme/store#1 Ours", "acme/store#2 Later"]);
});

test("without the event, the next delivery tells of it, and so does the next answer", async () => {
  there.rename();
  github.state.updatePull("acme", "Store", 1, { title: "Ours, again" });
  expect(await there.deliver("acme", "Store", 1)).toEqual([200, "done"]);
  expect([await there.anasProject(), await there.allPulls()]).toEqual([MOVED, ["acme/store#1 Ours, again"]]);
  there.rename("Shop2");
  await there.sweep();
  expect(await there.anasProject()).toMatchObject({ repo_url: "https://github.com/acme/Shop2.git" });
  expect(await there.pullsOf(ana)).toEqual(["acme/shop2#1 Ours, again"]);
});

test("a transfer, and an organisation with another name, are the same repository", async () => {
  const from = github.state.moveRepo(there.shop, { owner: "globex" });
  expect(
    await there.send(github.state.repositoryDelivery({
      repo: there.shop,
      action: "transferred",
      changes: { owner: { from: { organization: { login: from.owner } } } },
    })),
  ).toEqual([200, "done"]);
  expect(await there.anasProject()).toMatchObject({
    repo_url: "https://github.com/globex/shop.git",
    repo_owner: "globex",
  });
  github.state.moveRepo(there.shop, { owner: "globex-inc" });
  await there.sweep();
  expect(await there.pullsOf(ana)).toEqual(["globex-inc/shop#1 Ours"]);
  expect(await there.waitingUrl()).toBe("https://github.com/globex-inc/shop.git");
});

test("who takes the name is somebody else", async () => {
  expect(await there.send(there.rename())).toEqual([200, "done"]);
  github.state.addRepo({ owner: "acme", name: "shop", members: ["mallory"] });
  github.state.openPull({ owner: "acme", name: "shop", title: "Theirs", head: "fix" });
  // nobody has named it since
  expect(await there.deliver("acme", "shop", 1, "opened")).toEqual([200, "ignored"]);
  await rows(
    mallory.client.from("tasks").insert({ pr_url: "https://github.com/acme/shop/pull/1" }).select("id"),
  );
  expect(await there.deliver("acme", "shop", 1, "edited")).toEqual([200, "done"]);
  expect([await there.pullsOf(ana), await there.pullsOf(mallory)]).toEqual([["acme/store#1 Ours"], [
    "acme/shop#1 Theirs",
  ]]);
  await there.sweep();
  expect([await there.pullsOf(ana), await there.pullsOf(mallory)]).toEqual([["acme/store#1 Ours"], [
    "acme/shop#1 Theirs",
  ]]);
});

test("the same where the event of the rename is lost: nothing of ana's becomes theirs", async () => {
  there.rename();
  github.state.addRepo({ owner: "acme", name: "shop", members: ["mallory"] });
  github.state.openPull({ owner: "acme", name: "shop", title: "Theirs", head: "fix" });
  expect(await there.deliver("acme", "shop", 1, "opened")).toEqual([200, "done"]);
  expect(await there.pullsOf(ana)).toEqual(["acme/shop#1 Ours"]);
  expect(await there.allPulls()).toEqual(["acme/shop#1 Ours", "acme/shop#1 Theirs"]);
  // what lost its name is asked for, and tells the new one
  await there.sweep();
  expect(await there.pullsOf(ana)).toEqual(["acme/store#1 Ours"]);
  expect([await there.anasProject(), await there.waitingUrl()]).toEqual([MOVED, MOVED.repo_url]);
  // mallory names the old address, which is theirs now, and sees theirs only
  await rows(
    mallory.client.from("tasks").insert({ pr_url: "https://github.com/acme/shop/pull/1" }).select("id"),
  );
  expect(await there.pullsOf(mallory)).toEqual(["acme/shop#1 Theirs"]);
  expect(await there.allPulls()).toEqual(["acme/store#1 Ours", "acme/shop#1 Theirs"]);
});

test("an old address in a new task leads to the repository, and its pull requests stay one row", async () => {
  await there.send(there.rename());
  await rows(ana.client.from("tasks").insert({ pr_url: "https://github.com/acme/shop/pull/1" }).select("id"));
  await there.sweep();
  expect(await there.allPulls()).toEqual(["acme/store#1 Ours"]);
  expect(await sql`select from public.task_pull_requests where verified_at is not null`).toHaveLength(2);
});

test("an event that arrives late, or twice, renames nothing back", async () => {
  const first = there.rename("Store");
  const second = there.rename("Depot");
  expect(await there.send(second)).toEqual([200, "done"]);
  expect(await there.send(first)).toEqual([200, "done"]);
  expect(await there.anasProject()).toMatchObject({ repo_url: "https://github.com/acme/Depot.git" });
  expect(await there.allPulls()).toEqual(["acme/depot#1 Ours"]);
});

test("an event that is dated ahead is refused", async () => {
  const { headers, body } = there.rename();
  const payload = JSON.parse(body);
  payload.repository.updated_at = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+/, "");
  expect(await there.send(signed(payload, headers))).toEqual([422, "agents_github_time_invalid"]);
  expect(await there.anasProject()).toMatchObject({ repo_name: "shop" });
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
    expect(await there.deliver("acme", open.name, 1, "closed")).toEqual([200, "done"]);
    expect(await there.pullsOf(mallory)).toEqual([`acme/${open.name}#1 Public`]);
    if (action === "privatized") open.isPrivate = true;
    expect(await there.send(github.state.repositoryDelivery({ repo: open, action }))).toEqual([200, "done"]);
    expect(await there.pullsOf(mallory)).toEqual([]);
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
  await there.sweep();
  expect(await there.pullsOf(ana)).toEqual([]);
  await there.sweep();
  expect(await there.pullsOf(ana)).toEqual(["acme/shop#2 New"]);
  await there.sweep();
  expect(await there.pullsOf(ana)).toEqual(["acme/shop#2 New"]);
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
  expect(await there.pullsOf(ana)).toEqual(["acme/shop#1 Ours"]);
});

test("a rename moves pending tasks that name the repository themselves, in any spelling", async () => {
  const urls = [
    "git@github.com:Acme/Shop.git",
    "https://github.com/acme/shop/",
    "https://github.com/acme/shop2",
  ];
  await rows(ana.client.from("tasks").insert(urls.map((repo_url) => ({ repo_url }))).select("id"));
  expect(await there.send(there.rename())).toEqual([200, "done"]);
  const moved = await rows(ana.client.from("tasks").select("repo_url").is("project_id", null).order("id"));
  expect(moved.map(({ repo_url }) => repo_url)).toEqual([
    "git@github.com:acme/Store.git",
    "https://github.com/acme/Store/",
    "https://github.com/acme/shop2",
  ]);
});
