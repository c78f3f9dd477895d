import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestProject, type TestProject } from "../support/database.ts";
import { rows } from "../support/people.ts";
import { type SupportClient, supportClient } from "../support/support.ts";

// What the seed's server does with its Python client (backend/database.py), by supabase-js with the secret key and
// `db: { schema: "support" }`: create, read and update of users, conversations, messages and escalations.

let project: TestProject;
let server: SupportClient;

beforeAll(async () => {
  project = await openTestProject();
  server = supportClient(project, project.secretKey);
});
afterAll(async () => {
  await project?.close();
});

const newUser = (email: string) =>
  rows(server.from("users").insert({ email, name: "Ada" }).select().single());
const newConversation = (session_id: string, user_id?: string) =>
  rows(
    server.from("conversations").insert({ session_id, ...(user_id ? { user_id } : {}) }).select().single(),
  );

test("a user is created, found by id and by address, updated and deleted", async () => {
  const user = await newUser("ada@example.com");
  expect(user).toMatchObject({ email: "ada@example.com", name: "Ada", phone: null });
  expect(user.created_at).toBe(user.updated_at);
  expect(await rows(server.from("users").select("*").eq("id", user.id).single())).toEqual(user);
  expect(await rows(server.from("users").select("*").eq("email", "ada@example.com"))).toEqual([user]);
  const [updated] = await rows(
    server.from("users").update({ phone: "+44 20 7946 0000", updated_at: new Date().toISOString() })
      .eq("id", user.id).select(),
  );
  expect(updated).toMatchObject({ phone: "+44 20 7946 0000" });
  expect(Date.parse(updated?.updated_at ?? "")).toBeGreaterThan(Date.parse(user.updated_at));
  expect((await server.from("users").insert({ email: "ada@example.com" })).error?.code).toBe("23505");
  expect(
    (await server.from("users").upsert({ email: "ada@example.com", name: "Ada L." }, {
      onConflict: "email",
    })).error,
  ).toBeNull();
  expect(await rows(server.from("users").select("id, name").eq("email", "ada@example.com"))).toEqual([
    { id: user.id, name: "Ada L." },
  ]);
  expect((await server.from("users").delete().eq("id", user.id)).error).toBeNull();
  expect(await rows(server.from("users").select().eq("id", user.id))).toEqual([]);
});

test("a user without a contact, as an anonymous session has one", async () => {
  expect(await rows(server.from("users").insert({}).select().single())).toMatchObject({
    email: null,
    name: null,
    phone: null,
  });
});

test("a conversation is created with the server's session id, found by it, and closed", async () => {
  const user = await newUser("bob@example.com");
  const conversation = await newConversation("session_bob", user.id);
  expect(conversation).toMatchObject({ session_id: "session_bob", user_id: user.id, status: "active" });
  expect(
    await rows(server.from("conversations").select("*").eq("session_id", "session_bob").maybeSingle()),
  ).toEqual(conversation);
  expect(
    await rows(
      server.from("conversations").update({ status: "closed" }).eq("session_id", "session_bob").select(
        "status",
      )
        .single(),
    ),
  ).toEqual({ status: "closed" });
  expect((await server.from("conversations").insert({ session_id: "session_bob" })).error?.code).toBe(
    "23505",
  );
  expect(
    (await server.from("conversations").insert({ session_id: "nobody", user_id: crypto.randomUUID() })).error
      ?.code,
  ).toBe("23503");
});

test("messages are stored and read in their order, newest first as well", async () => {
  const { id: conversation_id } = await newConversation("session_messages");
  const said = ["How do I reset my password?", "Use the link on the sign-in page.", "Thank you"];
  for (const [at, content] of said.entries()) {
    await rows(
      server.from("messages").insert({ conversation_id, role: at % 2 ? "assistant" : "user", content })
        .select()
        .single(),
    );
  }
  const oldest = await rows(
    server.from("messages").select("*").eq("conversation_id", conversation_id).order("created_at"),
  );
  expect(oldest.map(({ content }) => content)).toEqual(said);
  const newest = await rows(
    server.from("messages").select("content").eq("conversation_id", conversation_id)
      .order("created_at", { ascending: false }).limit(1),
  );
  expect(newest).toEqual([{ content: "Thank you" }]);
  const [embedded] = await rows(
    server.from("conversations").select("id, messages(role, content)").eq("session_id", "session_messages")
      .order("position", { referencedTable: "messages" }),
  );
  expect(embedded?.messages.map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
  for (
    const [row, code] of [
      [{ conversation_id, role: "moderator", content: "x" }, "23514"],
      [{ conversation_id: crypto.randomUUID(), role: "user", content: "x" }, "23503"],
      [{ conversation_id, role: "user", content: null as unknown as string }, "23502"],
    ] as const
  ) {
    expect((await server.from("messages").insert(row)).error?.code).toBe(code);
  }
});

test("an escalation is created with contact and context, listed by status, and resolved", async () => {
  const { id: conversation_id } = await newConversation("session_escalated");
  const escalation = await rows(
    server.from("escalations").insert({
      conversation_id,
      issue_type: "billing",
      original_request: "I was charged twice",
      contact_info: { email: "ada@example.com", phone: null },
      conversation_context: "user: I was charged twice",
    }).select().single(),
  );
  expect(escalation).toMatchObject({
    status: "pending",
    contact_info: { email: "ada@example.com", phone: null },
    conversation_context: "user: I was charged twice",
  });
  expect(await rows(server.from("escalations").select("id").eq("status", "pending"))).toEqual([
    { id: escalation.id },
  ]);
  for (const status of ["notified", "in_progress", "resolved"]) {
    expect(
      await rows(
        server.from("escalations").update({ status }).eq("id", escalation.id).select("status").single(),
      ),
    ).toEqual({ status });
  }
});

test("the tables of both schemas that are called users are two", async () => {
  const agents = await fetch(`${project.url}/rest/v1/users?select=*&limit=1`, {
    headers: { apikey: project.secretKey },
  });
  expect([agents.status, agents.headers.get("content-profile")]).toEqual([200, "public"]);
  const visitors = await fetch(`${project.url}/rest/v1/users?select=phone&limit=1`, {
    headers: { apikey: project.secretKey, "accept-profile": "support" },
  });
  expect([visitors.status, visitors.headers.get("content-profile")]).toEqual([200, "support"]);
  const without = await fetch(`${project.url}/rest/v1/users?select=phone`, {
    headers: { apikey: project.secretKey },
  });
  expect(without.status).toBe(400);
});

test.each(["GET", "POST"])("a profile that is not exposed is refused: %s", async (method) => {
  const header = method === "GET" ? "accept-profile" : "content-profile";
  const response = await fetch(`${project.url}/rest/v1/users`, {
    method,
    headers: { apikey: project.secretKey, [header]: "document", "content-type": "application/json" },
    ...(method === "POST" ? { body: "{}" } : {}),
  });
  expect(response.status).toBe(406);
  expect(await response.json()).toMatchObject({
    code: "PGRST106",
    hint: "Only the following schemas are exposed: public, support, graphql_public",
  });
});
