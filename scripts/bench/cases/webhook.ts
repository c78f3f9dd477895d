import assert from "node:assert/strict";
import { join } from "node:path";
import type postgres from "postgres";
import { type Case, loops, type Sample } from "../bench.ts";
import { loadConfig } from "../../local/config.ts";
import { openProject } from "../../local/stack.ts";
import { createMessages } from "./messages.ts";

const CLIENTS = 8;
const MESSAGES = 1_000;
const WARM_UP = 100;

const PEER = "one trivial RPC";

export const webhookCase: Case = {
  name: "webhook",
  title: "The webhook over HTTP, and an edge function that makes one trivial RPC",
  async prepare(bench) {
    const each = Math.ceil(bench.scaled(MESSAGES) / CLIENTS);
    const warmUp = Math.ceil(bench.scaled(WARM_UP) / CLIENTS);
    const server = { url: bench.url };
    const ours = await bench.createDatabase("webhook");
    const peer = await bench.createDatabase("trivial");
    const sql = ours.connect();
    const peerSql = peer.connect();
    await peerSql.unsafe(`
      create function public.bench_one() returns integer language sql stable set search_path = '' return 1;
      grant execute on function public.bench_one() to service_role;
    `);
    await peerSql.end();
    const ourProject = await openProject(server, { database: ours.name, apiPort: 0 });
    const peerProject = await openProject(server, {
      database: peer.name,
      apiPort: 0,
      config: { ...loadConfig(), functions: { "trivial-rpc": { enabled: true, verify_jwt: false } } },
      functions: { folder: join(import.meta.dirname, "../functions") },
    });

    const messages = createMessages(CLIENTS * (warmUp + bench.rounds * each));
    let sent = 0;
    const send = (url: string, take: () => string, count: number, check: (answer: unknown) => void) =>
      loops(CLIENTS, count, async () => {
        const request = { method: "POST", headers: { "content-type": "application/json" }, body: take() };
        let response: Response;
        // 202: stored, and not processed within the time limit; sent again, the same event is processed
        do response = await fetch(url, request); while (response.status === 202);
        assert.equal(response.status, 200);
        check(await response.json());
      });
    const toOurs = (count: number): Promise<Sample> =>
      send(ourProject.circleWebhookUrl, () => messages[sent++] ?? "", count, (answer) => {
        const { status, imported } = answer as { status: string; imported: { action: string }[] };
        assert.equal(status, "processed");
        assert.deepEqual(imported.map(({ action }) => action), ["created"]);
      });
    const body = createMessages(1)[0] ?? "";
    const toPeer = (count: number): Promise<Sample> =>
      send(`${peerProject.url}/functions/v1/trivial-rpc`, () => body, count, (answer) => {
        assert.deepEqual(answer, { one: 1 });
      });
    return {
      comparisons: [{
        name: "webhook",
        title: "messages through the webhook",
        clients: `${CLIENTS} HTTP clients`,
        unit: "per second",
        contenders: [{ name: "circle-webhook", run: () => toOurs(each) }, {
          name: PEER,
          run: () => toPeer(each),
        }],
        floors: [{ against: PEER, ratio: 0.5 }],
      }],
      method:
        `${
          CLIENTS * each
        } messages a round through gateway, edge function and Data API of the embedded stack, each ` +
        "client with its next request when it has the answer. The peer is an edge function that calls one function which " +
        "returns 1, with the same client, over the same gateway. Afterwards the messages are counted: none lost, none double.",
      // each one's process is started, and its code has been through the compiler
      async warmUp() {
        await toOurs(warmUp);
        await toPeer(warmUp);
      },
      verify: () => countMessages(sql, messages.slice(0, sent)),
      async close() {
        await ourProject.close();
        await peerProject.close();
        await sql.end();
      },
    };
  },
};

/** Throws unless each message that was sent is there once, with one issue of its own. */
export async function countMessages(sql: postgres.Sql, messages: readonly string[]): Promise<void> {
  const ids = messages.map((message) => String(JSON.parse(message).Parent_Message.message_id));
  const [row] = await sql`
    select
      (select count(*)::integer from public.circle_issues as c where c.message_id = any (${ids})) as messages,
      (select count(distinct c.mapped_to_issue_id)::integer from public.circle_issues as c) as mapped,
      (select count(*)::integer from public.issues) as issues,
      (select count(*)::integer from public.issue_import_logs) as imports,
      (select count(*)::integer from private.inbox_events as e where e.status = 'processed') as events
  `;
  const count = ids.length;
  assert.deepEqual(row, { messages: count, mapped: count, issues: count, imports: count, events: count });
}
