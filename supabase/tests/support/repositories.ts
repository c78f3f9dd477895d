import { createHmac, randomUUID } from "node:crypto";
import type { Sql } from "postgres";
import { expect } from "vitest";
import type { FakeGithub } from "../../../scripts/fakes/github.ts";
import type { Delivery } from "../../../scripts/fakes/github-state.ts";
import { connect, openTestProject, type TestProject } from "./database.ts";
import { runFunction } from "./functions.ts";
import { askTokens, githubWith, newToken } from "./github-tokens.ts";
import { type Person, rows, signUp } from "./people.ts";

const SECRET = "a-secret-of-the-webhook-for-tests";
/** The webhook secret of mallory/tool alone. */
export const OWN_SECRET = "the-secret-of-one-repository-alone";

/** A delivery of this payload with this secret. */
export function signed(
  payload: unknown,
  headers: Record<string, string>,
  secret: string = SECRET,
): Delivery {
  const body = JSON.stringify(payload);
  const signature = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
  return {
    headers: { ...headers, "x-github-delivery": randomUUID(), "x-hub-signature-256": signature },
    body,
  };
}

/** Where a project and a task are after the repository acme/shop was renamed. */
export const MOVED = {
  repo_url: "https://github.com/acme/Store.git",
  repo_owner: "acme",
  repo_name: "Store",
};

/** A project whose user ana has stored a token of the fake GitHub, and mallory has none. */
export class Repositories {
  #clock = 0;
  github!: FakeGithub;
  project!: TestProject;
  sql!: Sql;
  ana!: Person;
  mallory!: Person;

  async open(): Promise<this> {
    const tokens = { ana: newToken() };
    // each change is some seconds after the one before it
    this.github = await githubWith(tokens, {
      webhookSecret: SECRET,
      now: () => new Date(Date.now() + 5_000 * ++this.#clock),
    });
    this.project = await openTestProject({
      functions: {
        env: {
          GITHUB_API_URL: this.github.url,
          GITHUB_WEBHOOK_SECRETS: SECRET,
          GITHUB_REPOSITORY_SECRETS: `mallory/tool:${OWN_SECRET}`,
        },
      },
    });
    this.sql = connect(this.project.database);
    this.ana = await signUp(this.project, "ana");
    this.mallory = await signUp(this.project, "mallory");
    expect((await askTokens(this.project, this.ana, "POST", "", { token: tokens.ana })).status).toBe(200);
    return this;
  }

  async close(): Promise<void> {
    await this.sql?.end();
    await this.project?.close();
    await this.github?.stop();
  }

  /** Ana's project of a private repository, with a pull request that she sees and a task that waits. */
  async reset(): Promise<void> {
    const { sql, github, ana } = this;
    this.#clock = 0;
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
    await this.sweep();
    expect(await this.pullsOf(ana)).toEqual(["acme/shop#1 Ours"]);
  }

  get shop() {
    const [repo] = this.github.state.repos;
    if (!repo) throw new Error("there is no repository");
    return repo;
  }

  async sweep(): Promise<void> {
    const { sql, project } = this;
    await sql`update private.pull_request_checks set next_attempt_at = now()`;
    await sql`update public.task_pull_requests set verify_after = now() where verify_after is not null`;
    expect(await runFunction(project, "github-sweep")).toMatchObject({ failed: 0, stopped: null });
  }

  async send({ headers, body }: Delivery): Promise<[number, string]> {
    const response = await fetch(`${this.project.url}/functions/v1/github-webhook`, {
      method: "POST",
      headers,
      body,
    });
    const answer = await response.json();
    return [response.status, answer.status ?? answer.code];
  }

  deliver(owner: string, name: string, number: number, action = "edited"): Promise<[number, string]> {
    return this.send(this.github.state.delivery({ owner, name, number, action }));
  }

  /** Renames the repository, and returns GitHub's event. */
  rename(name = "Store"): Delivery {
    const from = this.github.state.moveRepo(this.shop, { name });
    return this.github.state.repositoryDelivery({
      repo: this.shop,
      action: "renamed",
      changes: { repository: { name: { from: from.name } } },
    });
  }

  /** The pull requests that a user sees. */
  async pullsOf({ client }: Person): Promise<string[]> {
    const pulls = await rows(
      client.from("pull_requests").select("repo_owner, repo_name, number, title").order("id"),
    );
    return pulls.map((pull) => `${pull.repo_owner}/${pull.repo_name}#${pull.number} ${pull.title}`);
  }

  async allPulls(): Promise<string[]> {
    const pulls = await this.sql<{ pull: string }[]>`
      select repo_owner || '/' || repo_name || '#' || number || ' ' || coalesce(title, '-') as pull
      from public.pull_requests order by id
    `;
    return pulls.map(({ pull }) => pull);
  }

  anasProject() {
    return rows(this.ana.client.from("projects").select("repo_url, repo_owner, repo_name").single());
  }

  /** The address in ana's task that waits. */
  async waitingUrl(): Promise<string | null> {
    const tasks = this.ana.client.from("tasks").select("repo_url").eq("status", "pending");
    return (await rows(tasks.single())).repo_url;
  }
}
