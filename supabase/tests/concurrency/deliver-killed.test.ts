import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type FakeReceiver, startFakeReceiver } from "../../../scripts/fakes/receiver.ts";
import { encryptSecret, parseMasterKeys } from "../../functions/_shared/encryption.ts";
import { type Community, setUpSync, startCommunity } from "../support/circle.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { until } from "../support/queue.ts";
import { size } from "../support/size.ts";

// Runs of deliver with replies, webhooks and Slack at the same time, one of which is killed: a reply arrives once; a request
// to an endpoint arrives, and twice only where the run that had it was killed, with the same id.

const count = size(24, 400);
const replies = size(4, 40);
const SECRET = `whsec_${Buffer.alloc(32, 5).toString("base64")}`;
let receiver: FakeReceiver;
let community: Community;
let project: TestProject;
let sql: Sql;
const processes: ChildProcess[] = [];

beforeAll(async () => {
  receiver = await startFakeReceiver();
  receiver.secret = SECRET;
  community = await startCommunity();
  project = await openTestProject();
  sql = connect(project.database);
  await setUpSync(sql, community);
});

afterAll(async () => {
  for (const one of processes) one.kill("SIGKILL");
  await sql?.end();
  await project?.close();
  await community?.fake.stop();
  await receiver?.stop();
});

/** An endpoint with its secret: the key that signs, or of Slack the URL. */
async function createEndpoint(kind: "webhook" | "slack", secret: string): Promise<string> {
  const [id, secretId] = [randomUUID(), randomUUID()];
  const keys = parseMasterKeys("X", community.env["SECRETS_MASTER_KEYS"]);
  const identity = { id: secretId, kind: "webhook_endpoint", ownerId: id };
  const sealed = await encryptSecret(keys, identity, secret);
  await sql`
    insert into public.webhook_endpoints (id, name, kind, url)
    values (${id}, ${kind}, ${kind}, ${kind === "slack" ? receiver.url : `${receiver.url}/webhook`})
  `;
  await sql`
    insert into private.webhook_secrets (id, endpoint_id, sealed) values (${secretId}, ${id}, ${sealed})
  `;
  return id;
}

async function enqueue(kind: "webhook" | "slack", endpointId: string): Promise<void> {
  await sql`
    insert into public.deliveries (channel, kind, endpoint_id, dedupe_key, payload)
    select ${kind}, 'event', ${endpointId}, format('%s:%s', ${kind}::text, n), jsonb_build_object(
      'type', 'issue.merged', 'data', jsonb_build_object(
        'issue', jsonb_build_object('number', n, 'title', 'Issue')
      )
    )
    from generate_series(1, ${count}::integer) as n
  `;
}

/** Issues that members reported, whose fix is known. Returns the messages that are to be answered. */
async function enqueueReplies(replies: number) {
  const roots = Array.from(
    { length: replies },
    (_, at) => community.fake.state.write(community.help, community.ana, `Fails ${at}`),
  );
  await sql`update public.loop_settings set reply_mode = 'automatic'`;
  for (const { id } of roots) {
    const issueId = randomUUID();
    await sql`insert into public.issues (id, title) values (${issueId}, 'Fails')`;
    await sql`
      insert into public.circle_issues (message_id, chat_room_uuid, mapped_to_issue_id)
      values (${String(id)}, ${community.help.roomUuid}, ${issueId})
    `;
    await sql`select private.record_loop_event(${issueId}, 'fixed', now(), null, 'EXAI-1')`;
    await sql`update public.issues set status = 'resolved' where id = ${issueId}`;
  }
  return roots;
}

function start(): ChildProcess {
  const file = fileURLToPath(new URL("../support/deliver-process.ts", import.meta.url));
  const env = {
    ...process.env,
    ...community.env,
    SUPABASE_URL: project.url,
    SUPABASE_SECRET_KEY: project.secretKey,
  };
  const child = spawn(process.execPath, [file], { env, stdio: ["ignore", "pipe", "inherit"] });
  processes.push(child);
  return child;
}

async function run(): Promise<Record<string, unknown>> {
  const child = start();
  const [output] = await Promise.all([text(child.stdout as NodeJS.ReadableStream), once(child, "exit")]);
  return JSON.parse(output) as Record<string, unknown>;
}

/** How often each arrived. */
function counts(kind: "webhook" | "slack"): Map<string, number> {
  const seen = new Map<string, number>();
  for (const { path, id, event } of receiver.received) {
    if (path !== `/${kind}`) continue;
    const key = kind === "webhook" ? id : /#(\d+)/.exec(String(event["text"]))?.[1] ?? "";
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  return seen;
}

test("a run that is killed among others loses nothing, and doubles nothing but what it had", async () => {
  // the bot has its token already
  const roots = await enqueueReplies(1);
  expect(await run()).toMatchObject({ delivered: 1 });
  roots.push(...await enqueueReplies(replies));
  await enqueue("webhook", await createEndpoint("webhook", SECRET));
  await enqueue("slack", await createEndpoint("slack", `${receiver.url}/slack`));
  // the first requests are slow, so that it is killed while they are under way
  receiver.faults.push({ delayMs: 3_000, times: 10 });
  const victim = start();
  await until(() => Promise.resolve(counts("webhook").size > 0 && counts("slack").size > 0));
  const other = run();
  victim.kill("SIGKILL");
  const [, signal] = await once(victim, "exit") as [number | null, string | null];
  expect(signal).toBe("SIGKILL");
  await Promise.all([other, run()]);

  const held = new Set(
    (await sql<{ name: string }[]>`
      select case d.channel when 'slack' then substr(d.dedupe_key, 7) else format('msg_%s', d.id) end as name
      from private.delivery_queue as q join public.deliveries as d on d.id = q.delivery_id
      where d.endpoint_id is not null
    `).map(({ name }) => name),
  );
  expect(held.size).toBeGreaterThan(0);
  // its leases have run out, and what it may have posted in Circle had its time to appear
  await until(async () => {
    await sql`
      update private.delivery_queue set
        next_attempt_at = clock_timestamp(), sent_at = sent_at - interval '3 minutes'
    `;
    await Promise.all([run(), run()]);
    return (await sql`select from private.delivery_queue`).length === 0;
  });

  expect(
    [...await sql`select d.status, count(*)::integer as count from public.deliveries as d group by 1`],
  ).toEqual([{ status: "delivered", count: 2 * count + replies + 1 }]);
  for (const kind of ["webhook", "slack"] as const) {
    const seen = counts(kind);
    expect(seen.size, kind).toBe(count);
    const doubled = [...seen].filter(([, times]) => times > 1);
    expect(doubled.filter(([name, times]) => times > 2 || !held.has(name)), kind).toEqual([]);
  }
  expect(receiver.received.filter(({ path, isSigned }) => path === "/webhook" && !isSigned)).toEqual([]);
  for (const root of roots) expect(community.fake.state.repliesTo(root)).toHaveLength(1);
});
