import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { rows } from "../support/people.ts";
import { OWN_SECRET, Repositories, signed } from "../support/repositories.ts";

// A repository is its id at GitHub: somebody claims an id that is not theirs, takes the name of a project that has no pull
// request, or names a repository somewhere else.

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
    return there.send(signed(payload, headers, OWN_SECRET));
  };
  expect(await forge(there.shop.id)).toEqual([401, "agents_webhook_signature_invalid"]);
  const event = github.state.repositoryDelivery({ repo: there.shop, action: "renamed" });
  const payload = JSON.parse(event.body);
  payload.repository.owner.login = "mallory";
  payload.repository.name = "tool";
  payload.changes = { repository: { name: { from: "shop" } }, owner: { from: { user: { login: "acme" } } } };
  expect(await there.send(signed(payload, event.headers, OWN_SECRET))).toEqual([
    401,
    "agents_webhook_signature_invalid",
  ]);
  // an id that GitHub has not reported may be any repository's, and is left out
  expect(await forge(987_654_321)).toEqual([200, "done"]);
  expect(await sql`select from private.github_repositories where github_id = 987654321`).toEqual([]);
  await there.sweep();
  expect(await forge(github.state.repos[1]!.id)).toEqual([200, "done"]);
  expect(await forge(987_654_322)).toEqual([401, "agents_webhook_signature_invalid"]);
  expect([await there.anasProject(), await there.allPulls()]).toEqual([
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
    expect((await there.send(signed(payload, event.headers, OWN_SECRET)))[0], action).toBe(401);
  }
  expect(await appUrls()).toEqual(["https://github.com/acme/app", "https://github.com/acme/app"]);
});

test("a project without a pull request is its repository too: who takes its name later gets nothing", async () => {
  await addProject();
  await there.sweep();
  github.state.moveRepo(github.state.repos[1]!, { name: "app2" });
  github.state.addRepo({ owner: "acme", name: "app", members: ["mallory"] });
  github.state.openPull({ owner: "acme", name: "app", title: "Theirs", head: "fix" });
  await there.deliver("acme", "app", 1, "opened");
  await there.sweep();
  expect(await appUrls()).toEqual(["https://github.com/acme/app2", "https://github.com/acme/app2"]);
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
