import { Webhook } from "standardwebhooks";
import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import {
  type FakeReceiver,
  type ReceivedWebhook,
  startFakeReceiver,
} from "../../../scripts/fakes/receiver.ts";
import { post } from "../support/connections.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { runFunction } from "../support/functions.ts";
import { type Person, signUp } from "../support/people.ts";

// The secret of an endpoint is rotated, and the receiver verifies what it gets with the package standardwebhooks, as
// docs/loop-webhooks.md tells it to.

const KEY = `k1:${Buffer.alloc(32, 9).toString("base64")}`;
let receiver: FakeReceiver;
let project: TestProject;
let sql: Sql;
let admin: Person;
let endpointId: string;
let first: string;

beforeAll(async () => {
  receiver = await startFakeReceiver();
  project = await openTestProject({
    functions: { env: { SECRETS_MASTER_KEYS: KEY, WEBHOOKS_ALLOW_PRIVATE: "true" } },
  });
  sql = connect(project.database);
  admin = await signUp(project, "adam", "admin");
});

afterAll(async () => {
  await sql?.end();
  await project?.close();
  await receiver?.stop();
});

beforeEach(async () => {
  receiver.received.length = 0;
  receiver.faults.length = 0;
  await sql`delete from public.webhook_endpoints`;
  const created = await ask<{ secret: string; endpoint: { id: string } }>("", {
    name: "Ours",
    url: `${receiver.url}/hook`,
    events: [],
  });
  first = created.secret;
  endpointId = created.endpoint.id;
});

async function ask<T>(path: string, body: unknown): Promise<T> {
  const answer = await post(project, admin, `webhook-endpoints${path}`, body);
  expect(answer.status).toBe(200);
  return answer.body as T;
}

/** Another secret; the earlier ones sign for so long. */
const rotate = async (overlap_hours: number): Promise<string> =>
  (await ask<{ secret: string }>(`/${endpointId}/rotate`, { overlap_hours })).secret;

const enqueue = () =>
  sql`
    insert into public.deliveries (channel, kind, endpoint_id, dedupe_key, payload)
    values ('webhook', 'event', ${endpointId}, gen_random_uuid()::text, '{"type": "issue.merged", "data": {}}')
  `;

/** A run of deliver for what is due. Returns what the receiver got. */
async function deliver(): Promise<ReceivedWebhook> {
  await sql`update private.delivery_queue set next_attempt_at = clock_timestamp()`;
  await sql`update public.webhook_endpoints set rests_until = null`;
  const count = receiver.received.length;
  await runFunction(project, "deliver");
  expect(receiver.received).toHaveLength(count + 1);
  return receiver.received.at(-1) as ReceivedWebhook;
}

/** Which of these secrets a receiver accepts it with. */
const accepted = (received: ReceivedWebhook, secrets: readonly string[]): boolean[] =>
  secrets.map((secret) => {
    try {
      new Webhook(secret).verify(received.text, received.headers);
      return true;
    } catch {
      return false;
    }
  });

const signaturesOf = ({ headers }: ReceivedWebhook) => headers["webhook-signature"]?.split(" ").length;

/** As if the time for which the earlier secrets sign were over. */
const endOverlap = () =>
  sql`update private.webhook_secrets set expires_at = now() where expires_at is not null`;

test("before, during and after the overlap a receiver verifies with the secret that it has", async () => {
  await enqueue();
  const before = await deliver();
  const second = await rotate(24);
  const secrets = [first, second];
  await enqueue();
  const during = await deliver();
  await endOverlap();
  await enqueue();
  const after = await deliver();
  expect([before, during, after].map((one) => accepted(one, secrets))).toEqual([
    [true, false],
    [true, true],
    [false, true],
  ]);
  expect([before, during, after].map(signaturesOf)).toEqual([1, 2, 1]);
  // what was changed on its way is accepted with neither
  expect(accepted({ ...during, text: `${during.text} ` }, secrets)).toEqual([false, false]);
  const headers = { ...during.headers, "webhook-id": "msg_1" };
  expect(accepted({ ...during, headers }, secrets)).toEqual([false, false]);
});

test("a delivery that is tried again is signed with what is valid then, and has the same id", async () => {
  receiver.faults.push({ status: 500, times: 2 });
  await enqueue();
  const attempts = [await deliver()];
  const second = await rotate(24);
  attempts.push(await deliver());
  await endOverlap();
  attempts.push(await deliver());
  expect(attempts.map((one) => accepted(one, [first, second]))).toEqual([
    [true, false],
    [true, true],
    [false, true],
  ]);
  expect(new Set(attempts.map(({ id }) => id)).size).toBe(1);
  expect(attempts.map(({ status }) => status)).toEqual([500, 500, 204]);
});

test("a secret that was revoked never signs again, whatever is rotated afterwards", async () => {
  const second = await rotate(0);
  const third = await rotate(720);
  const fourth = await rotate(720);
  await enqueue();
  expect(accepted(await deliver(), [first, second, third, fourth])).toEqual([false, true, true, true]);
  const fifth = await rotate(0);
  await enqueue();
  expect(accepted(await deliver(), [first, second, third, fourth, fifth]))
    .toEqual([false, false, false, false, true]);
  // an endpoint that was off, and a delivery that was dead meanwhile
  await sql`update public.webhook_endpoints set is_active = false`;
  await sql`
    insert into public.deliveries (channel, kind, endpoint_id, dedupe_key, payload, status)
    values ('webhook', 'event', ${endpointId}, gen_random_uuid()::text, '{}', 'dead')
  `;
  await sql`update public.webhook_endpoints set is_active = true`;
  expect((await admin.client.rpc("replay_deliveries")).data).toBe(1);
  const replayed = await deliver();
  expect(accepted(replayed, [first, second, third, fourth, fifth])).toEqual([
    false,
    false,
    false,
    false,
    true,
  ]);
  expect(await sql`select count(*)::integer as count from private.webhook_secrets`).toEqual([{ count: 1 }]);
});
