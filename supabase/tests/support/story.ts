import { randomUUID } from "node:crypto";
import { createClient } from "@supabase/supabase-js";
import type { Sql } from "postgres";
import { expect } from "vitest";
import type { FakeChatMessage } from "../../../scripts/fakes/circle.ts";
import { openDriver } from "../../../scripts/local/postgres-driver.ts";
import type { Project } from "../../../scripts/local/stack.ts";
import type { Database } from "../../types/database.ts";
import { makeCircleDue, setUpSync, syncCircle } from "./circle.ts";
import { type Outside, REPO } from "./outside.ts";
import { type Client, rows, server, signUp } from "./people.ts";

// The way from a message to an answer in the same thread, over HTTP alone. SQL sets up, moves time and checks.

export interface StoryOptions {
  outside: Outside;
  /** The project, which may be another one after a crash. */
  project: () => Project;
  /** Does a hop; default: does it. A hop may be done again. */
  around?: (hop: string, step: () => Promise<void>) => Promise<void>;
}

/** One problem that two members and a visitor report, and that one pull request fixes. */
export class Story {
  readonly #options: StoryOptions;
  readonly messages: FakeChatMessage[] = [];
  tom!: Client;
  maya!: Client;
  projectId = 0;
  issueId = "";
  exaiNumber = 0;
  session = "";
  pullNumbers: number[] = [];

  constructor(options: StoryOptions) {
    this.#options = options;
  }

  get #project(): Project {
    return this.#options.project();
  }

  get #circle() {
    return this.#options.outside.community.fake.state;
  }

  get #github() {
    return this.#options.outside.github.state;
  }

  async sql<T>(step: (sql: Sql) => Promise<T>): Promise<T> {
    const sql = openDriver(this.#project.databaseUrl, { max: 1, onnotice: () => {} });
    try {
      return await step(sql);
    } finally {
      await sql.end();
    }
  }

  /** A team, a repository, and a bot that may answer by itself. */
  async prepare(): Promise<void> {
    this.tom = (await signUp(this.#project, `tom${randomUUID()}`, "agent")).client;
    this.maya = (await signUp(this.#project, `maya${randomUUID()}`, "admin")).client;
    await this.sql(async (sql) => {
      await setUpSync(sql, this.#options.outside.community);
      await sql`update public.loop_settings set reply_mode = 'automatic'`;
    });
    await rows(
      this.maya.from("loop_repositories").insert({ repo_owner: REPO.owner, repo_name: REPO.name }).select(),
    );
    const [project] = await rows(
      this.maya.from("projects").insert({
        repo_url: `https://github.com/${REPO.owner}/${REPO.name}`,
        repo_owner: REPO.owner,
        repo_name: REPO.name,
        name: "CSV tools",
      }).select("id"),
    );
    this.projectId = project?.id ?? 0;
  }

  async #hop(name: string, step: () => Promise<void>): Promise<void> {
    const { around = (_, run) => run() } = this.#options;
    await around(name, step);
  }

  /** Two members write, and a visitor asks for a person. */
  async report(): Promise<void> {
    const { help, ana, lee } = this.#options.outside.community;
    this.messages.push(
      this.#circle.write(help, ana, "The CSV export fails with error 500 when the filter is empty"),
      this.#circle.write(help, lee, "CSV export is broken here too, error 500 without a filter"),
    );
    await this.#hop("import", async () => {
      await this.sql(makeCircleDue);
      await syncCircle(this.#project);
      const ids = this.messages.map(({ id }) => String(id));
      const { data } = await this.tom.from("circle_issues").select("message_id").in("message_id", ids);
      expect(data).toHaveLength(2);
    });
    await this.#hop("triage", () => this.#triage());
    await this.#hop("escalation", () => this.#escalate());
  }

  async #triage(): Promise<void> {
    for (const { id } of this.messages) {
      const [message] = await rows(
        this.tom.from("circle_issues").select("id, mapped_to_issue_id").eq("message_id", String(id)),
      );
      if (!message) throw new Error("the message was not imported");
      const isFirst = this.issueId === "";
      if (message.mapped_to_issue_id === null || !isFirst) {
        const imported = await this.tom.rpc("import_circle_issue", {
          circle_issue_id: message.id,
          ...(isFirst ? {} : { issue_id: this.issueId }),
        });
        if (imported.error && !isFirst && message.mapped_to_issue_id !== this.issueId) {
          // both became issues of their own: they are one
          await rows(
            this.tom.rpc("merge_issues", { source: message.mapped_to_issue_id ?? "", into: this.issueId }),
          );
        } else if (imported.error && message.mapped_to_issue_id === null) throw imported.error;
      }
      const [now] = await rows(
        this.tom.from("circle_issues").select("mapped_to_issue_id").eq("id", message.id),
      );
      if (isFirst) this.issueId = now?.mapped_to_issue_id ?? "";
      expect(now?.mapped_to_issue_id).toBe(this.issueId);
    }
  }

  async #escalate(): Promise<void> {
    const visitor = createClient<Database, "support">(this.#project.url, this.#project.publishableKey, {
      db: { schema: "support" },
      auth: { persistSession: false },
    });
    if (this.session === "") {
      const started = await visitor.rpc("start_conversation");
      if (started.error) throw started.error;
      this.session = (started.data as { session_id: string }).session_id;
    }
    const sent = await visitor.rpc("send_message", {
      session_id: this.session,
      content: "Your CSV export does not work",
      client_key: "6f2e1d3c-0000-4000-8000-000000000001",
    });
    if (sent.error) throw sent.error;
    const asked = await visitor.rpc("request_human", { session_id: this.session });
    if (asked.error) throw asked.error;
    const support = this.tom.schema("support");
    const [escalation] = await rows(support.from("open_escalations").select("id"));
    const linked = await support.rpc("escalation_to_issue", {
      id: escalation?.id ?? "",
      issue_id: this.issueId,
    });
    if (linked.error) throw linked.error;
  }

  /** The issue becomes an engineering issue. */
  async promote(clients: readonly Client[] = [this.tom]): Promise<void> {
    await this.#hop("promotion", async () => {
      const promoted = await Promise.all(
        clients.map((client) => client.rpc("promote_issue", { issue_id: this.issueId })),
      );
      const numbers = promoted.map(({ data, error }) => {
        if (error) throw error;
        return data.issue_number;
      });
      expect(new Set(numbers).size).toBe(1);
      this.exaiNumber = numbers[0] ?? 0;
    });
  }

  /** It becomes a task, which a worker completes with a pull request. */
  async work(): Promise<void> {
    let taskId = 0;
    await this.#hop("dispatch", async () => {
      const dispatched = await this.maya.rpc("dispatch_issue", {
        issue_number: this.exaiNumber,
        project_id: this.projectId,
      });
      if (dispatched.error) throw dispatched.error;
      taskId = dispatched.data.task_id;
    });
    const claimKey = randomUUID();
    let fence = 0;
    const worker = () => server(this.#project);
    await this.#hop("claim", async () => {
      const [claimed] = await rows(
        worker().rpc("claim_task", { worker: "w1", agents: ["claude"], claim_key: claimKey }),
      );
      expect(claimed?.task_id).toBe(taskId);
      fence = claimed?.fencing_token ?? 0;
    });
    const pull = this.#github.openPull({
      ...REPO,
      title: `Export all rows without a filter (EXAI-${this.exaiNumber})`,
      body: `Fixes EXAI-${this.exaiNumber}`,
      head: `fix-${this.pullNumbers.length + 1}`,
    });
    this.pullNumbers.push(pull.number);
    await this.#hop("pull request", async () => {
      const completed = await worker().rpc("complete_task", {
        task_id: taskId,
        fencing_token: fence,
        pr_url: this.pullUrl(pull.number),
        pr_number: pull.number,
        execution_metadata: { model: "claude", total_cost_usd: 0.25 },
      });
      if (completed.error) throw completed.error;
    });
  }

  pullUrl = (number: number): string => `https://github.com/${REPO.owner}/${REPO.name}/pull/${number}`;

  get lastPull(): number {
    return this.pullNumbers.at(-1) ?? 0;
  }

  /** What GitHub sends to the webhook about a pull request as it is now. */
  delivery(action: string, number = this.lastPull) {
    return this.#github.delivery({ ...REPO, number, action });
  }

  async send({ headers, body }: ReturnType<Story["delivery"]>): Promise<void> {
    const response = await fetch(this.#project.githubWebhookUrl, { method: "POST", headers, body });
    const text = await response.text();
    expect(response.status, text).toBeLessThan(300);
  }

  merge(): void {
    this.#github.merge(REPO.owner, REPO.name, this.lastPull);
  }

  /** The pull request is merged, and GitHub says so. */
  async ship(): Promise<void> {
    this.merge();
    const delivered = this.delivery("closed");
    await this.#hop("merge", () => this.send(delivered));
  }

  /** Calls the outbox until nothing waits any more. What has to have time to appear has had it. */
  async tell(): Promise<void> {
    await this.#hop("answer", async () => {
      await expect.poll(async () => {
        await this.#callDeliver();
        return await this.sql(async (sql) => {
          await sql`
            update private.delivery_queue
            set sent_at = sent_at - interval '3 minutes', next_attempt_at = clock_timestamp()
            where next_attempt_at < clock_timestamp() + interval '10 minutes' and not is_leased
          `;
          return await sql`
            select channel, kind, last_error from public.deliveries where status in ('pending', 'dead')
          `;
        });
      }, { interval: 300 }).toEqual([]);
    });
  }

  async #callDeliver(): Promise<void> {
    await fetch(`${this.#project.url}/functions/v1/deliver`, {
      method: "POST",
      headers: { apikey: this.#project.secretKey },
    }).then((response) => response.text());
  }

  /** The bot's messages below each member's, and what the visitor reads. */
  async answers(): Promise<{ threads: string[][]; visitor: string[] }> {
    const { help, bot } = this.#options.outside.community;
    const threads = this.messages.map(({ id }) =>
      this.#circle.roomOf(help.roomUuid ?? "")
        .filter(({ parentId, author }) => parentId === id && author === bot).map(({ body }) => body)
    );
    const visitor = await rows(
      createClient<Database, "support">(this.#project.url, this.#project.publishableKey, {
        db: { schema: "support" },
        auth: { persistSession: false },
      }).rpc("get_messages", { session_id: this.session, after_position: 0, max_results: 200 }),
    ) as { role: string; content: string }[];
    return {
      threads,
      visitor: visitor.filter(({ role, content }) => role === "system" && /fixed/i.test(content))
        .map(({ content }) => content),
    };
  }

  /** Whether each reporter was told once per generation, and the ledger has every hop. */
  async check(generations = 1): Promise<void> {
    const { threads, visitor } = await this.answers();
    for (const thread of threads) {
      expect(thread.filter((body) => /fixed/i.test(body)), "in Circle").toHaveLength(generations);
      expect(new Set(thread).size, "each with its own marker").toBe(thread.length);
    }
    expect(visitor, "in support").toHaveLength(generations);
    const events = await rows(
      this.tom.from("loop_events").select("generation, hop, at, reference").eq("issue_id", this.issueId)
        .order("at"),
    );
    for (let generation = 1; generation <= generations; generation++) {
      const counts: Record<string, number> = {};
      for (const { hop } of events.filter((event) => event.generation === generation)) {
        counts[hop] = (counts[hop] ?? 0) + 1;
      }
      expect(counts, `generation ${generation}`).toMatchObject({
        ...(generation === 1
          ? { reported: 3, promoted: 1, dispatched: 1, started: 1, opened: 1 }
          : { reopened: 1 }),
        merged: 1,
        fixed: 1,
        shipped: 1,
        resolved: 1,
        answered: 3,
      });
    }
    const journeys = await rows(
      this.tom.from("loop_journeys").select("*").eq("issue_id", this.issueId).order("generation"),
    );
    expect(journeys).toHaveLength(generations);
    const [pending] = await this.sql((sql) =>
      sql<{ left: number }[]>`select count(*)::integer as left from public.deliveries
        where status not in ('delivered', 'cancelled', 'draft')`
    );
    expect(pending?.left).toBe(0);
  }
}
