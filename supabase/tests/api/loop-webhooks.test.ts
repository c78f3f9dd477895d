import type { Sql } from "postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type FakeReceiver, startFakeReceiver } from "../../../scripts/fakes/receiver.ts";
import { encryptSecret, parseMasterKeys } from "../../functions/_shared/encryption.ts";
import { post } from "../support/connections.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { runFunction } from "../support/functions.ts";
import { type Person, signUp } from "../support/people.ts";
import { until } from "../support/queue.ts";

// Endpoints, their secrets and what they are sent, over the real stack: from a change of an issue to a receiver.

const KEY = `k1:${Buffer.alloc(32, 9).toString("base64")}`;
const logLines: string[] = [];
let receiver: FakeReceiver;
let project: TestProject;
let sql: Sql;
let admin: Person;
let agent: Person;
let endpointId: string;

beforeAll(async () => {
  receiver = await startFakeReceiver();
  project = await openTestProject({
    functions: {
      env: { SECRETS_MASTER_KEYS: KEY, WEBHOOKS_ALLOW_PRIVATE: "true" },
      log: (_, line) => logLines.push(line),
    },
  });
  sql = connect(project.database);
  admin = await signUp(project, "adam", "admin");
  agent = await signUp(project, "agnes", "agent");
});

afterAll(async () => {
  await sql?.end();
  await project?.close();
  await receiver?.stop();
});

afterEach(async () => {
  receiver.faults.length = 0;
  receiver.received.length = 0;
  await sql`update public.agent_settings set functions_url = null`;
  await sql`delete from public.deliveries`;
  await sql`update public.webhook_endpoints set is_active = true, rests_until = null, failing_since = null`;
});

/** Asks the function webhook-endpoints as a person. */
const ask = (person: Person, path: string, body: unknown) =>
  post(project, person, `webhook-endpoints${path}`, body);

const deliver = () => runFunction(project, "deliver");

/** Queues so many deliveries to the endpoint; returns their ids as receivers see them. */
async function enqueue(count: number): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    insert into public.deliveries (channel, kind, endpoint_id, dedupe_key, payload)
    select 'webhook', 'event', ${endpointId}, gen_random_uuid()::text, '{"type": "issue.merged", "data": {}}'
    from generate_series(1, ${count}::integer)
    returning id
  `;
  return rows.map(({ id }) => `msg_${id}`);
}

const states = async () =>
  (await sql<{ state: string }[]>`
    select concat_ws(' ', d.status, d.last_error, d.attempts_count) as state
    from public.deliveries as d order by d.id
  `).map(({ state }) => state);

const due = () => sql`update private.delivery_queue set next_attempt_at = now()`;

describe("an endpoint", () => {
  test("is created by an admin alone, who gets its secret this once", async () => {
    const body = { name: "Ours", url: `${receiver.url}/hook`, events: ["resolved"] };
    expect((await ask(agent, "", body)).status).toBe(403);
    const response = await ask(admin, "", body);
    expect(response.status).toBe(200);
    const created = response.body as { secret: string; endpoint: { id: string } };
    receiver.secret = created.secret;
    endpointId = created.endpoint.id;
    const { data } = await admin.client.from("webhook_endpoints").select("url, events, is_active");
    expect(data).toEqual([{ url: body.url, events: ["resolved"], is_active: true }]);
    expect((await agent.client.from("webhook_endpoints").select("id")).data).toEqual([]);
  });

  test("is told after the commit, signed, without anybody calling the function", async () => {
    await sql`update public.agent_settings set functions_url = ${`${project.url}/functions/v1`}`;
    const { data: issue } = await agent.client.from("issues").insert({ title: "Login loops" }).select(
      "id, seq_id",
    )
      .single();
    await agent.client.from("issues").update({ status: "resolved" }).eq("id", issue?.id ?? "");
    await until(() => Promise.resolve(receiver.received.length > 0));
    expect(receiver.received).toMatchObject([{
      path: "/hook",
      isSigned: true,
      event: {
        type: "issue.resolved",
        data: { actor: "agnes", issue: { number: issue?.seq_id, status: "resolved" } },
      },
    }]);
    await until(async () => (await states()).every((state) => state === "delivered 1"));
  });

  test("accepts the earlier secret too while they overlap", async () => {
    const before = receiver.secret;
    const response = await ask(admin, `/${endpointId}/rotate`, { overlap_hours: 1 });
    const { secret } = response.body as { secret: string };
    for (const one of [before, secret]) {
      receiver.secret = one;
      await enqueue(1);
      expect(await deliver()).toMatchObject({ delivered: 1 });
    }
    expect(receiver.received.map(({ isSigned }) => isSigned)).toEqual([true, true]);
    await ask(admin, `/${endpointId}/rotate`, { overlap_hours: 0 });
    await enqueue(1);
    await deliver();
    expect(receiver.received.at(-1)?.isSigned).toBe(false);
  });
});

describe("a receiver", () => {
  test("that fails is asked again later, and the same message has the same id", async () => {
    const ids = await enqueue(1);
    receiver.faults.push({ status: 500 }, {
      status: 302,
      headers: { location: `${receiver.url}/elsewhere` },
    });
    for (const error of ["status_500", "redirected"]) {
      expect(await deliver()).toMatchObject({ delivered: 0, failed: 1 });
      expect((await states())[0]).toContain(error);
      expect(await deliver()).toMatchObject({ claimed: 0 });
      await due();
      await sql`update public.webhook_endpoints set rests_until = null`;
    }
    expect(await deliver()).toMatchObject({ delivered: 1 });
    expect(await states()).toEqual(["delivered 3"]);
    expect(receiver.received.map(({ id, path }) => `${id} ${path}`)).toEqual(
      Array.from({ length: 3 }, () => `${ids[0]} /hook`),
    );
  });

  test("that asks to wait is not asked before, and it costs no attempt", async () => {
    await enqueue(2);
    receiver.faults.push({ status: 429, headers: { "retry-after": "600" }, times: 2 });
    expect(await deliver()).toMatchObject({ failed: 2 });
    expect((await states()).map((state) => state.split(" ").at(-1))).toEqual(["0", "0"]);
    await due();
    const count = receiver.received.length;
    await deliver();
    expect(receiver.received).toHaveLength(count);
  });

  test("that is gone is switched off; what was for it is sent again when it is back", async () => {
    await enqueue(3);
    receiver.faults.push({ status: 410, times: 3 });
    await deliver();
    expect((await states()).every((state) => state.startsWith("dead"))).toBe(true);
    expect((await admin.client.from("webhook_endpoints").select("is_active, disabled_reason")).data)
      .toEqual([{ is_active: false, disabled_reason: "gone" }]);
    await admin.client.from("webhook_endpoints").update({ is_active: true }).eq("id", endpointId);
    expect((await agent.client.rpc("replay_deliveries")).error?.message).toBe("team_role_required");
    expect((await admin.client.rpc("replay_deliveries")).data).toBe(3);
    expect(await deliver()).toMatchObject({ delivered: 3 });
  });
});

describe("each once", () => {
  test("also with three runs at the same time and a receiver that is slow", async () => {
    const ids = await enqueue(40);
    receiver.faults.push({ delayMs: 150, times: 40 });
    const reports = await Promise.all([deliver(), deliver(), deliver()]);
    expect(reports.reduce((sum, { delivered }) => sum + Number(delivered), 0)).toBe(40);
    expect(receiver.received.map(({ id }) => id).sort()).toEqual(ids.sort());
  });

  test("a run that was killed loses its lease, and nothing else", async () => {
    const [id] = await enqueue(1);
    const [claim] = await sql`select id, fencing_token from public.claim_deliveries('webhook', 1, 5)`;
    expect(await deliver()).toMatchObject({ claimed: 0 });
    await due();
    expect(await deliver()).toMatchObject({ delivered: 1 });
    expect(receiver.received.map(({ id }) => id)).toEqual([id]);
    await expect(sql`select public.fail_delivery(${claim?.["id"]}, ${claim?.["fencing_token"]}, 'late')`)
      .rejects.toThrow("loop_delivery_lease_expired");
    expect(await states()).toEqual(["delivered 2"]);
  });

  test("a wake that is sent twice: its ticket is valid once", async () => {
    const [row] = await sql<{ ticket: string }[]>`select private.issue_function_ticket('deliver') as ticket`;
    await enqueue(1);
    const statuses = await Promise.all([1, 2].map(async () => {
      const headers = { "x-fixloop-ticket": row?.ticket ?? "" };
      return (await fetch(`${project.url}/functions/v1/deliver`, { method: "POST", headers })).status;
    }));
    expect(statuses.sort()).toEqual([200, 401]);
    expect(receiver.received).toHaveLength(1);
  });
});

test("neither secrets nor what receivers answer is in the log or the database", async () => {
  expect(logLines.join("\n")).not.toContain("whsec_");
  const [row] = await sql<{ count: number }[]>`
    select count(*)::integer as count from private.webhook_secrets as s where s.sealed like '%whsec%'
  `;
  expect(row?.count).toBe(0);
});

test("by default nothing is sent to an address of this machine, by whatever name", async () => {
  const strict = await openTestProject({ functions: { env: { SECRETS_MASTER_KEYS: KEY } } });
  const admin = connect(strict.database);
  try {
    const port = new URL(receiver.url).port;
    await admin`
      with endpoint as (
        insert into public.webhook_endpoints (name, url) values
          ('Name', ${`https://localhost:${port}/`}), ('Address', ${`https://127.0.0.1:${port}/`}),
          ('Other spelling', ${`https://2130706433:${port}/`}), ('IPv6', ${`https://[::ffff:127.0.0.1]:${port}/`}),
          ('Plain', ${receiver.url})
        returning id, name
      ),
      secret as (
        insert into private.webhook_secrets (id, endpoint_id, sealed)
        select gen_random_uuid(), e.id, 'v1.k1.' || repeat('a', 16) || '.' || repeat('b', 40) from endpoint as e
      )
      insert into public.deliveries (channel, kind, endpoint_id, dedupe_key)
      select 'webhook', 'event', e.id, e.name from endpoint as e
    `;
    await sealAll(admin);
    await fetch(`${strict.url}/functions/v1/deliver`, {
      method: "POST",
      headers: { apikey: strict.secretKey },
    });
    expect([
      ...await admin`select d.dedupe_key as name, d.last_error as error from public.deliveries as d order by d.id`,
    ]).toEqual([
      ...["Name", "Address", "Other spelling", "IPv6"].map((name) => ({ name, error: "address_not_public" })),
      { name: "Plain", error: "url_not_https" },
    ]);
    expect(receiver.received).toEqual([]);
  } finally {
    await admin.end();
    await strict.close();
  }
});

/** Gives each endpoint a secret that the functions can open. */
async function sealAll(admin: Sql): Promise<void> {
  const secrets = await admin<{ id: string; endpoint_id: string }[]>`
    select id, endpoint_id from private.webhook_secrets
  `;
  for (const { id, endpoint_id } of secrets) {
    const identity = { id, kind: "webhook_endpoint", ownerId: endpoint_id };
    const sealed = await encryptSecret(parseMasterKeys("X", KEY), identity, `whsec_${btoa("x".repeat(32))}`);
    await admin`update private.webhook_secrets set sealed = ${sealed} where id = ${id}`;
  }
}
