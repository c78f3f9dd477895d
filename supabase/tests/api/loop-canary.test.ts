import { randomBytes } from "node:crypto";
import postgres, { type Sql } from "postgres";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type FakeReceiver, startFakeReceiver } from "../../../scripts/fakes/receiver.ts";
import { freePort } from "../../../scripts/local/ports.ts";
import { discardFolder, scratchFolder } from "../../../scripts/local/scratch-folder.ts";
import { type Stack, startStack } from "../../../scripts/local/stack.ts";
import { Canary, searchCluster } from "../support/canary.ts";
import { type Community, makeCircleDue, setUpSync, startCommunity } from "../support/circle.ts";
import { type Person, signUp, tokenOf } from "../support/people.ts";

// The tokens of Circle and the secrets of endpoints go every way that there is, the wrong ones too, over a cluster of their
// own. Then everything that the cluster, the functions and the stack have written is searched for them. That the search finds
// a value that was written: secret-canary.test.ts.

const MARK = randomBytes(8).toString("hex");
const HEADLESS = `headless-${MARK}`;
const ADMIN = `admin-${MARK}`;
const dataDir = scratchFolder("loop-canary");
const written: string[] = [];
const answers: string[] = [];
/** Keys that signed, which are returned once. */
const keys: string[] = [];
let community: Community;
let receiver: FakeReceiver;
let stack: Stack;
let sql: Sql;
let admin: Person;
let agent: Person;

beforeAll(async () => {
  for (const name of ["log", "info", "warn", "error"] as const) {
    vi.spyOn(console, name).mockImplementation((...words: unknown[]) => void written.push(words.join(" ")));
  }
  community = await startCommunity();
  const { tokens } = community.fake.state;
  tokens.prefix = `${MARK}-`;
  tokens.headless.add(HEADLESS);
  tokens.admin.add(ADMIN);
  receiver = await startFakeReceiver();
  stack = await startStack({
    dataDir,
    apiPort: 0,
    dbPort: await freePort(),
    functions: {
      env: {
        ...community.env,
        CIRCLE_HEADLESS_TOKEN: HEADLESS,
        CIRCLE_ADMIN_TOKEN: ADMIN,
        WEBHOOKS_ALLOW_PRIVATE: "true",
      },
      log: (_, line) => written.push(line),
    },
  });
  sql = postgres(stack.postgres.url("postgres", "supabase_admin"), { max: 2, onnotice: () => {} });
  await setUpSync(sql, community);
  await sql`update public.loop_settings set reply_mode = 'automatic'`;
  admin = await signUp(stack.project, "adam", "admin");
  agent = await signUp(stack.project, "agnes", "agent");
});

afterAll(async () => {
  vi.restoreAllMocks();
  await sql?.end();
  await stack?.stop();
  await discardFolder(dataDir);
  await receiver?.stop();
  await community?.fake.stop();
});

async function call(path: string, body: unknown, headers: Record<string, string>) {
  const response = await fetch(`${stack.project.url}/functions/v1/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

/** A run of a function, whose answer is searched. */
async function run(name: "circle-sync" | "deliver", due = makeCircleDue): Promise<Record<string, unknown>> {
  await sql`delete from private.provider_pauses`;
  await due(sql);
  await sql`
    update private.delivery_queue set
      next_attempt_at = clock_timestamp(), sent_at = sent_at - interval '3 minutes'
  `;
  await sql`update public.webhook_endpoints set rests_until = null`;
  const { status, text } = await call(name, {}, { apikey: stack.project.secretKey });
  expect(status).toBe(200);
  answers.push(text);
  return JSON.parse(text) as Record<string, unknown>;
}

/** Asks webhook-endpoints as the admin. Its answer is searched, but for a secret that it creates. */
async function ask(path: string, body: unknown): Promise<{ status: number; id: string }> {
  const headers = { apikey: stack.project.publishableKey, authorization: `Bearer ${await tokenOf(admin)}` };
  const { status, text } = await call(`webhook-endpoints${path}`, body, headers);
  const answer = JSON.parse(text) as { secret?: string | null; endpoint?: { id: string } };
  if (answer.secret) keys.push(answer.secret.replace("whsec_", "").replace(/=+$/, ""));
  answers.push(JSON.stringify({ ...answer, secret: null }));
  return { status, id: answer.endpoint?.id ?? "" };
}

/** A member reports it, and a fix of it is known. */
async function fixReported(body: string): Promise<void> {
  const root = community.fake.state.write(community.help, community.ana, body);
  await run("circle-sync");
  const { data: issue } = await agent.client.from("issues").insert({ title: body }).select("id").single();
  await agent.client.from("circle_issues").update({ mapped_to_issue_id: issue?.id ?? null })
    .eq("message_id", String(root.id));
  await sql`select private.record_loop_event(${issue?.id ?? ""}, 'fixed', now(), null, 'EXAI-1')`;
  await agent.client.from("issues").update({ status: "resolved" }).eq("id", issue?.id ?? "");
}

describe("the tokens of Circle go every way there is", () => {
  test("minted, refreshed and used, to read and to answer", async () => {
    const space = community.fake.state.addSpace("Bugs", "basic");
    community.fake.state.addPost(space, community.ana, "Export", "Does nothing");
    await sql`update public.circle_sync_settings set post_space_ids = ${[space.id]}`;
    await fixReported("Login loops");
    expect(await run("deliver")).toMatchObject({ delivered: 1 });
    // the access tokens have ended, not the refresh tokens
    community.fake.state.tokens.access.clear();
    await fixReported("Search is slow");
    expect(await run("deliver")).toMatchObject({ delivered: 1 });
    expect(JSON.stringify(community.fake.state.requests)).not.toBe("[]");
  });

  test("also where Circle repeats them in what it refuses or where it fails", async () => {
    const words = `${HEADLESS} ${ADMIN} ${MARK}-access-1 ${MARK}-refresh-2`;
    for (const status of [400, 403, 422, 500, 502]) {
      community.fake.state.faults.push({ status, body: { message: `No: ${words}` }, times: 4 });
      await run("circle-sync");
      community.fake.state.faults.length = 0;
    }
    await fixReported("Upload fails");
    for (const status of [422, 403, 500, 401]) {
      // the token in use too, which only the fake knows
      const inUse = [...community.fake.state.tokens.access.keys()].at(-1) ?? "";
      const fault = { method: "POST", path: "chat_room_messages", status };
      community.fake.state.faults.push({ ...fault, body: { message: `${"x".repeat(190)} ${inUse}` } });
      await run("deliver");
      community.fake.state.faults.push({ ...fault, body: { message: `No ${inUse}` } });
      await run("deliver");
      community.fake.state.faults.length = 0;
    }
    const errors = await sql<{ error: string }[]>`select error from private.delivery_attempts`;
    expect(errors.map(({ error }) => error).join()).toContain("refused: No");
  });

  test("also where the token cannot be had or stored", async () => {
    community.fake.state.tokens.revokeAll();
    community.fake.state.faults.push({
      path: "auth_token",
      status: 401,
      body: { message: HEADLESS },
      times: 9,
    });
    await run("circle-sync");
    community.fake.state.faults.length = 0;
    await sql`update private.circle_tokens set next_attempt_at = null where is_bot`;
    await sql`revoke execute on function public.finish_circle_token from service_role`;
    // one read alone: others would wait for it to have a token
    await run("circle-sync", async () => {
      await sql`
        update private.circle_reads set next_read_at = now()
          + case when kind = 'room' then interval '0' else interval '1 day' end
      `;
    });
    await sql`grant execute on function public.finish_circle_token to service_role`;
  });
});

describe("the secrets of endpoints go every way there is", () => {
  test("created, rotated and used, also where the receiver repeats them", async () => {
    const { id } = await ask("", { name: "Ours", url: `${receiver.url}/hook`, events: ["reported"] });
    await ask(`/${id}/rotate`, { overlap_hours: 24 });
    expect(keys).toHaveLength(2);
    const slackUrl = `${receiver.url}/services/${MARK}`;
    expect((await ask("", { name: "Slack", kind: "slack", url: slackUrl, events: ["reported"] })).status)
      .toBe(200);
    const gone = `http://127.0.0.1:${await freePort()}/services/${MARK}`;
    expect((await ask("", { name: "Gone", kind: "slack", url: gone, events: ["reported"] })).status).toBe(
      200,
    );
    for (const status of [500, 400, 302, 204]) {
      receiver.faults.push({
        status,
        body: status === 204 ? "" : `${keys.join(" ")} ${slackUrl}`,
        headers: { location: `${receiver.url}/?${keys[0]}&${MARK}` },
        times: 2,
      });
      await agent.client.from("issues").insert({ title: "Import fails" });
      await run("deliver");
      receiver.faults.length = 0;
    }
    expect(receiver.received.some(({ path }) => path === `/services/${MARK}`)).toBe(true);
  });

  test("in what is refused", async () => {
    const url = `https://hooks.slack.com/services/${MARK}`;
    expect((await ask("", { name: "x", kind: "email", url })).status).toBe(422);
    expect((await ask("", `{"name": "x", "url": "${url}"`)).status).toBe(400);
    expect((await ask("", { name: "x", url: `https://user:${MARK}@example.org/` })).status).toBe(422);
    expect((await ask("", { name: "x", url, events: ["never"] })).status).toBe(422);
    expect((await ask(`/${crypto.randomUUID()}/rotate`, { url })).status).toBe(404);
    const plain = await admin.client.rpc("create_webhook_endpoint", {
      id: crypto.randomUUID(),
      secret_id: crypto.randomUUID(),
      name: "x",
      url,
      kind: "slack",
      sealed: MARK,
    });
    answers.push(JSON.stringify(plain.error));
    expect(plain.error?.message).toBe("loop_webhook_endpoint_invalid");
    const written = await admin.client.from("webhook_endpoints").update({ url }).eq("kind", "slack").select();
    answers.push(JSON.stringify(written.error));
    expect(written.error?.message).toBe("loop_webhook_endpoint_invalid");
  });

  test("while the database fails", async () => {
    await sql`alter table private.webhook_secrets add constraint secrets_refuse check (false) not valid`;
    expect((await ask("", { name: "Broken", kind: "slack", url: `https://example.org/${MARK}` })).status)
      .toBe(503);
    await sql`alter table private.webhook_secrets drop constraint secrets_refuse`;
  });
});

describe("and are nowhere", () => {
  const wanted = () => new Canary(MARK, ...keys);

  test("in what the functions, the stack and their answers say", () => {
    expect(written.length).toBeGreaterThan(10);
    expect(answers.length).toBeGreaterThan(20);
    expect([...written, ...answers].filter((line) => wanted().formIn(Buffer.from(line)))).toEqual([]);
  });

  test("in heap, WAL, statistics, logs, net, cron and every table", async () => {
    expect(await searchCluster(sql, wanted()))
      .toEqual({ wal: [], heap: [], otherFiles: [], serverLog: [], tables: [] });
  });
});
