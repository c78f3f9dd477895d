import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, openTestProject, type TestProject } from "../support/database.ts";

// A visitor's contact appears in no log, whatever fails: that of the server, and those of the functions and the gateway.

const ID = crypto.randomUUID().replaceAll("-", "");
const EMAIL = `canary${ID}@example.org`;

const written: string[] = [];
let project: TestProject;
let sql: Sql;

beforeAll(async () => {
  project = await openTestProject({ functions: { log: (_, line) => written.push(line) } });
  sql = connect(project.database);
});

afterAll(async () => {
  await sql?.end();
  await project?.close();
});

/** @returns status and body */
async function post(path: string, body: unknown, key = project.publishableKey): Promise<[number, string]> {
  const response = await fetch(`${project.url}/${path}`, {
    method: "POST",
    headers: { apikey: key, "content-type": "application/json", "content-profile": "support" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return [response.status, await response.text()];
}

const rpc = (name: string, body: unknown): Promise<[number, string]> => post(`rest/v1/rpc/${name}`, body);

/** The lines of all logs that contain the contact. */
async function logsWithContact(): Promise<string[]> {
  const [where] = await sql<{ logs: string }[]>`select current_setting('log_directory') as logs`;
  const folder = where?.logs ?? "";
  const server = readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n"));
  return [...server, ...written].filter((line) => line.includes(ID)).map((line) => line.slice(0, 400));
}

test("what is stored, refused and broken leaves no contact in a log", async () => {
  const contact = { name: `canary${ID}`, email: EMAIL, phone: "+49 30 1234567" };
  const [status, started] = await rpc("start_conversation", contact);
  expect(status).toBe(200);
  const { session_id, conversation_id } = JSON.parse(started);
  expect((await rpc("save_contact", { session_id, ...contact }))[0]).toBeLessThan(300);
  expect((await rpc("save_contact", { session_id, ...contact, email: `${EMAIL} and more` }))[0]).toBe(422);
  expect((await rpc("save_contact", { session_id, ...contact, name: ID.repeat(1000) }))[0]).toBe(422);
  expect((await rpc("save_contact", { session_id, ...contact, unknown: EMAIL }))[0]).toBe(404);
  expect((await rpc("save_contact", `{"session_id": "${session_id}", "email": "${EMAIL}`))[0]).toBe(400);
  expect((await rpc("send_message", { session_id, content: `${EMAIL} `.repeat(1000) }))[0]).toBe(413);
  expect((await rpc("request_human", { session_id }))[0]).toBe(200);

  // what a server's client sends wrongly: the server's log would have the rows that fail
  const rows = [
    ["escalations", {
      conversation_id,
      issue_type: "x",
      original_request: "x",
      contact_info: { email: EMAIL },
    }],
    ["escalations", { issue_type: "x", original_request: "x", contact_info: { email: EMAIL.repeat(2000) } }],
    ["escalations", { issue_type: "x", original_request: null, contact_info: { email: EMAIL } }],
    ["users", { name: "x", email: EMAIL, created_at: "infinity" }],
    ["conversations", { visitor_email: EMAIL, session_id: " " }],
    ["conversations", { visitor_email: EMAIL, status: "open" }],
    ["users", { name: EMAIL.repeat(2000), email: EMAIL }],
    ["conversations", { user_id: crypto.randomUUID(), visitor_email: EMAIL }],
  ] as const;
  for (const [table, row] of rows) {
    const [refused, body] = await post(`rest/v1/${table}`, row, project.secretKey);
    expect(refused, `${table} ${body}`).toBeGreaterThanOrEqual(400);
  }
  const chat = { session_id, message: `I am ${EMAIL}`, client_key: crypto.randomUUID() };
  expect((await post("functions/v1/support-chat", chat))[0]).toBe(200);
  expect((await post("functions/v1/support-chat", { ...chat, message: EMAIL.repeat(1000) }))[0]).toBe(413);
  expect((await post("functions/v1/support-chat", `{"message": "${EMAIL}`))[0]).toBe(400);

  expect(written.length).toBeGreaterThan(0);
  expect(await logsWithContact()).toEqual([]);
});

test("while the search finds what a log has", async () => {
  await sql.unsafe(`do $$ begin raise log 'canary${ID}'; end $$`);
  await expect.poll(logsWithContact).not.toEqual([]);
});
