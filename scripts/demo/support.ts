import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { styleText } from "node:util";
import { createClient } from "@supabase/supabase-js";
import type { Project } from "../local/stack.ts";
import { heading, print, quote, table, timed } from "../terminal.ts";
import type { Database } from "../../supabase/types/database.ts";
import { type Client, rows } from "./rows.ts";

interface Reply {
  state: string;
  answer: { content: string; source: { links?: { title: string; url: string | null }[] } | null } | null;
}

export interface SupportStage {
  project: Project;
  tom: Client;
}

/** A visitor of a website is answered from what the team has published, then by Tom. */
export async function answerVisitor({ project, tom }: SupportStage): Promise<void> {
  const support = tom.schema("support");
  const visitor = createClient<Database, "support">(project.url, project.publishableKey, {
    db: { schema: "support" },
    auth: { persistSession: false },
  });
  heading("A visitor of the website asks, without an account");
  const { error } = await support.from("articles").insert({
    title: "Export your data as CSV",
    body: 'Press "Export" above the list and choose CSV. An export without a filter contains every row.',
    url: "https://help.fixloop.example/export",
    is_published: true,
  });
  if (error) throw error;
  const started = await visitor.rpc("start_conversation");
  if (started.error) throw started.error;
  const { session_id, conversation_id } = started.data as { session_id: string; conversation_id: string };
  const ask = (message: string): Promise<Reply> => askSupport(project, session_id, message);

  const known = await timed(
    "asks how to export, in other words",
    () => ask("how do I get my rows out as a csv?"),
  );
  assert.equal(known.state, "answered");
  quote(known.answer?.content ?? "");
  print(
    styleText("dim", `quoted from ${known.answer?.source?.links?.[0]?.url}; nothing that a model made up`),
  );
  const unknown = await timed(
    "asks something that nobody has written down",
    () => ask("Can you ship to Mars?"),
  );
  assert.equal(unknown.state, "unknown");
  quote(unknown.answer?.content ?? "");

  heading("Tom takes over");
  const asked = await visitor.rpc("request_human", { session_id });
  if (asked.error) throw asked.error;
  const waiting = await rows(
    support.from("open_escalations").select("id, issue_type, status, original_request"),
  );
  table(waiting, ["issue_type", "status", "original_request"], 60);
  const id = waiting[0]?.id;
  assert(id);
  await timed("takes the escalation: from now on the assistant is silent", async () => {
    const taken = await support.rpc("take_escalation", { id });
    if (taken.error) throw taken.error;
  });
  assert.equal((await ask("Is anybody there?")).state, "with_human");
  await timed("answers", async () => {
    const answered = await support.rpc("answer_escalation", {
      id,
      content: "Not to Mars, but to the Moon from May on.",
      client_key: randomUUID(),
    });
    if (answered.error) throw answered.error;
  });
  await timed("resolves it", async () => {
    const resolved = await support.rpc("resolve_escalation", { id, note: "Asked for Mars", close: true });
    if (resolved.error) throw resolved.error;
  });
  const messages = await rows(
    support.from("messages").select("role, content").eq("conversation_id", conversation_id)
      .order("position"),
  );
  table(messages, ["role", "content"], 60);
}

async function askSupport(project: Project, session_id: string, message: string): Promise<Reply> {
  const response = await fetch(`${project.url}/functions/v1/support-chat`, {
    method: "POST",
    headers: { apikey: project.publishableKey, "content-type": "application/json" },
    body: JSON.stringify({ session_id, message, client_key: randomUUID() }),
  });
  const reply = await response.json();
  assert.equal(response.status, 200, JSON.stringify(reply));
  return reply as Reply;
}
