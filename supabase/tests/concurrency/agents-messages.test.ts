import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";

// A hundred real connections that write into one conversation at the same moment.

const WRITERS = 100;
const USER = "00000000-0000-4000-8000-00000000000a";

type Message = {
  role: string;
  content: string;
  timestamp: number;
};

let database: TestDatabase;
let sql: Sql;

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database, "postgres", WRITERS);
  await sql`insert into auth.users (id, email) values (${USER}, 'ana@example.com')`;
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

async function newTask(): Promise<string> {
  const [task] = await sql<
    { id: string }[]
  >`insert into public.tasks (user_id) values (${USER}) returning id`;
  if (!task) throw new Error("There is a task.");
  return task.id;
}

async function messagesOf(task: string): Promise<Message[]> {
  const [row] = await sql<{ chat_messages: Message[] }[]>`
    select chat_messages from public.tasks where id = ${task}
  `;
  return row?.chat_messages ?? [];
}

/** Everybody has a connection and goes at once. */
async function allAtOnce(write: (own: Sql, writer: number) => Promise<void>): Promise<void> {
  const connections = await Promise.all(Array.from({ length: WRITERS }, () => sql.reserve()));
  try {
    await Promise.all(connections.map((own, writer) => write(own, writer)));
  } finally {
    for (const connection of connections) connection.release();
  }
}

test("appended at once: every message, in order of commit, with times that do not fall", async () => {
  const task = await newTask();
  const answered: { writer: number; message: Message }[] = [];
  await allAtOnce(async (own, writer) => {
    const [row] = await own<{ message: Message }[]>`
      select public.append_task_message(${task}, 'user', ${`message ${writer}`}) as message
    `;
    if (row) answered.push({ writer, message: row.message });
  });
  // Whoever appends holds the row until they commit: the order of the array is the order of the commits.
  const messages = await messagesOf(task);
  expect(messages).toHaveLength(WRITERS);
  expect(new Set(messages.map(({ content }) => content)).size).toBe(WRITERS);
  const times = messages.map(({ timestamp }) => timestamp);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(answered.map(({ message }) => message).toSorted((a, b) => a.timestamp - b.timestamp)).toEqual(
    messages,
  );
  // what a writer was answered is what is stored
  for (const { writer, message } of answered) expect(message.content).toBe(`message ${writer}`);
});

test("one key sent a hundred times at once is one message, and everybody is answered it", async () => {
  const task = await newTask();
  const answers: string[] = [];
  await allAtOnce(async (own, writer) => {
    const [row] = await own<{ message: Message }[]>`
      select public.append_task_message(${task}, 'user', ${`message ${writer}`}, 'one-key') as message
    `;
    answers.push(JSON.stringify(row?.message));
  });
  expect(await messagesOf(task)).toHaveLength(1);
  expect(new Set(answers).size).toBe(1);
});

test("read, changed and written back at once, as an update of the whole array does: messages are lost", async () => {
  const task = await newTask();
  const gate = Promise.withResolvers<void>();
  let readers = 0;
  await allAtOnce(async (own, writer) => {
    const [row] = await own<{ chat_messages: Message[] }[]>`
      select chat_messages from public.tasks where id = ${task}
    `;
    // as a hundred clients that all have the page open
    if (++readers === WRITERS) gate.resolve();
    await gate.promise;
    const message = { role: "user", content: `message ${writer}`, timestamp: Date.now() / 1000 };
    const messages = [...(row?.chat_messages ?? []), message];
    await own`update public.tasks set chat_messages = ${sql.json(messages)} where id = ${task}`;
  });
  expect(await messagesOf(task)).toHaveLength(1);
});
