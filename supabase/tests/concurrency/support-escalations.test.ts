import type { Sql, TransactionSql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { size } from "../support/size.ts";

// Agents, visitors and the assistant in the same conversations at the same moment.

const AGENTS = 6;
const STEPS = size(40, 400);

let database: TestDatabase;
let sql: Sql;
let agents: string[];

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database, "postgres", 2 * AGENTS + 4);
  const rows = await sql<{ id: string }[]>`
    insert into auth.users (id, email, email_confirmed_at)
    select gen_random_uuid(), 'agent-' || n || '@example.com', now() from generate_series(1, ${AGENTS}) as n
    returning id
  `;
  agents = rows.map(({ id }) => id);
  await sql`insert into public.team_members (user_id, role) select unnest(${agents}::uuid[]), 'agent'`;
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

async function startConversation(): Promise<string> {
  const [row] = await sql<{ id: string }[]>`insert into support.conversations default values returning id`;
  await sql`insert into support.messages (conversation_id, role, content) values (${
    row?.id ?? ""
  }, 'user', 'Help')`;
  return row?.id ?? "";
}

async function escalate(conversation: string): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    select (private.create_escalation(${conversation}, 'request', null, null)).id
  `;
  return row?.id ?? "";
}

/** A transaction of a signed-in agent. */
const as = <T>(agent: string | undefined, step: (tx: TransactionSql) => Promise<T>): Promise<unknown> =>
  sql.begin(async (tx) => {
    const claims = JSON.stringify({ role: "authenticated", sub: agent });
    await tx`select set_config('request.jwt.claims', ${claims}, true), set_config('role', 'authenticated', true)`;
    return await step(tx);
  });

/** "ok", or the code of an error of ours. Any other error, such as a deadlock, fails the test. */
async function outcome(step: Promise<unknown>): Promise<string> {
  try {
    await step;
    return "ok";
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (!code?.startsWith("PT")) throw error;
    return message;
  }
}

/** Resolves when a connection of this database waits for a lock. */
const untilOneWaits = () =>
  expect.poll(async () =>
    (await sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
    `).length
  ).toBeGreaterThan(0);

const contents = async (conversation: string): Promise<string[]> => {
  const rows = await sql<{ line: string }[]>`
    select role || ': ' || content as line from support.messages where conversation_id = ${conversation} order by position
  `;
  return rows.map(({ line }) => line);
};

test(`${AGENTS} agents take one escalation: one has it`, async () => {
  for (let round = 0; round < size(5, 50); round++) {
    const conversation = await startConversation();
    const id = await escalate(conversation);
    const outcomes = await Promise.all(
      agents.map((agent) => outcome(as(agent, (tx) => tx`select support.take_escalation(${id})`))),
    );
    expect(outcomes.filter((one) => one === "ok")).toHaveLength(1);
    expect(outcomes.filter((one) => one === "support_escalation_conflict")).toHaveLength(AGENTS - 1);
    const [row] = await sql`
      select e.status, e.assigned_to_user_id, c.status as conversation_status, c.assigned_to_user_id as person
      from support.escalations as e join support.conversations as c on c.id = e.conversation_id where e.id = ${id}
    `;
    const winner = agents[outcomes.indexOf("ok")];
    expect(row).toEqual({
      status: "in_progress",
      assigned_to_user_id: winner,
      conversation_status: "with_human",
      person: winner,
    });
  }
});

test("many ask for a person in one conversation: there is one escalation", async () => {
  const conversation = await startConversation();
  const ids = await Promise.all(Array.from({ length: 12 }, () => escalate(conversation)));
  expect(new Set(ids).size).toBe(1);
  expect((await contents(conversation)).filter((line) => line.startsWith("system"))).toHaveLength(1);
});

/** What the assistant says, with its result: the message's id, or null where it was silent. */
const say = (by: Sql, conversation: string, text: string) =>
  by<{ id: string | null }[]>`select (private.insert_assistant_message(${conversation}, ${text})).id`;

test("an answer that was being made when a person took over is not stored", async () => {
  const conversation = await startConversation();
  const id = await escalate(conversation);
  let answer: Promise<readonly { id: string | null }[]> = Promise.resolve([]);
  await sql.begin(async (person) => {
    await person`select private.take_escalation(${id})`;
    // begun before the person's transaction has ended, of which nothing is seen yet
    answer = say(sql, conversation, "Too late").execute();
    await untilOneWaits();
    await person`insert into support.messages (conversation_id, role, content) values (${conversation}, 'agent', 'Here')`;
  });
  expect(await answer).toEqual([{ id: null }]);
  expect((await contents(conversation)).slice(-1)).toEqual(["agent: Here"]);
  // a server's plain insert, in the same situation
  await sql`select private.release_escalation(${id})`;
  let insert: Promise<string> = Promise.resolve("");
  await sql.begin(async (person) => {
    await person`select private.take_escalation(${id})`;
    insert = outcome(sql`
      insert into support.messages (conversation_id, role, content) values (${conversation}, 'assistant', 'Too late')
    `.execute());
    await untilOneWaits();
  });
  expect(await insert).toBe("support_speaker_conflict");
});

test("an answer that is stored when a person takes over comes before the person", async () => {
  const conversation = await startConversation();
  const id = await escalate(conversation);
  let taken: Promise<string> = Promise.resolve("");
  await sql.begin(async (assistant) => {
    expect(await say(assistant as unknown as Sql, conversation, "In time")).not.toEqual([{ id: null }]);
    taken = outcome(as(agents[0], (tx) => tx`select support.answer_escalation(${id}, 'Here')`));
    await untilOneWaits();
  });
  expect(await taken).toBe("ok");
  expect((await contents(conversation)).slice(-2)).toEqual(["assistant: In time", "agent: Here"]);
  expect(await say(sql, conversation, "Too late")).toEqual([{ id: null }]);
});

test("a person's first message and an answer at the same moment: never the answer after it", async () => {
  for (let round = 0; round < size(10, 200); round++) {
    const conversation = await startConversation();
    await Promise.all([
      say(sql, conversation, "Assistant"),
      as(
        agents[0],
        (tx) =>
          tx`insert into support.messages (conversation_id, role, content) values (${conversation}, 'agent', 'Person')`,
      ),
    ]);
    const lines = await contents(conversation);
    expect(lines.at(-1), lines.join()).toBe("agent: Person");
  }
});

/** Everything that changes a conversation, in any order. */
function ways(conversation: string, agent: string | undefined, step: string) {
  const open =
    sql`(select id from support.escalations where conversation_id = ${conversation} and status <> 'resolved')`;
  const id = sql`coalesce(${open}, gen_random_uuid())`;
  return [
    () => as(agent, (tx) => tx`select support.take_escalation(${id})`),
    () => as(agent, (tx) => tx`select support.answer_escalation(${id}, ${step}, ${step})`),
    () => as(agent, (tx) => tx`select support.release_escalation(${id})`),
    () => as(agent, (tx) => tx`select support.resolve_escalation(${id}, ${step})`),
    () => as(agent, (tx) => tx`select support.resolve_escalation(${id}, ${step}, true)`),
    () => as(agent, (tx) => tx`select support.escalate_conversation(${conversation})`),
    () =>
      as(
        agent,
        (tx) =>
          tx`insert into support.messages (conversation_id, role, content) values (${conversation}, 'agent', ${step})`,
      ),
    () =>
      as(agent, (tx) => tx`update support.conversations set status = 'closed' where id = ${conversation}`),
    () =>
      as(
        agent,
        (tx) => tx`update support.conversations set status = 'with_human' where id = ${conversation}`,
      ),
    () => as(agent, (tx) => tx`update support.escalations set status = 'in_progress' where id = ${id}`),
    () =>
      sql`insert into support.messages (conversation_id, role, content) values (${conversation}, 'user', ${step})`,
    () => sql`select private.escalate_low_confidence(${conversation})`,
    () => sql`select private.release_lost_escalations(), private.raise_waiting_escalations()`,
    () => sql`select private.run_support_metrics()`,
    // the status is that of the moment of the message: its row is locked
    () =>
      sql.begin(async (tx) => {
        const [said] = await say(tx as unknown as Sql, conversation, step);
        const [row] = await tx<
          { status: string }[]
        >`select status from support.conversations where id = ${conversation}`;
        if (said?.id) expect(["active", "waiting_for_human"]).toContain(row?.status);
      }),
  ];
}

test(`${STEPS} steps of ${AGENTS} agents, a visitor and the assistant: no deadlock, and all agree`, async () => {
  const conversations = [await startConversation(), await startConversation()];
  const outcomes = new Map<string, number>();
  await Promise.all(agents.map(async (agent, at) => {
    // the same steps in every run
    let state = at + 1;
    for (let step = 0; step < STEPS; step++) {
      state = (state * 1664525 + 1013904223) % 4294967296;
      const all = ways(conversations[state % 2] ?? "", agent, `${at}-${step}`);
      const result = await outcome(Promise.resolve(all[Math.floor(state / 65536) % all.length]?.()));
      outcomes.set(result, (outcomes.get(result) ?? 0) + 1);
    }
  }));
  expect(outcomes.get("ok")).toBeGreaterThan(AGENTS * STEPS / 2);
  expect(outcomes.get("support_escalation_conflict")).toBeGreaterThan(0);
  expect(
    await sql`
      select c.status, c.assigned_to_user_id, e.status as escalation, e.assigned_to_user_id as person
      from support.conversations as c
      left join support.escalations as e on e.conversation_id = c.id and e.status <> 'resolved'
      where case e.status
        when 'in_progress' then (c.status, c.assigned_to_user_id)
          is distinct from ('with_human', e.assigned_to_user_id)
        when 'pending' then c.status <> 'waiting_for_human'
        when 'notified' then c.status <> 'waiting_for_human'
        else c.status not in ('active', 'closed')
      end
    `,
  ).toEqual([]);
  await sql`select private.run_support_metrics()`;
  expect(await sql`select * from private.verify_support_metrics()`).toEqual([]);
});
