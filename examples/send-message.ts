// Sends a message to the Circle webhook, as a workflow that reads Circle does, and prints the issue that it
// becomes.
// npx node examples/send-message.ts "The login page keeps reloading" Auth

import { createServerClient, requireEnv } from "./client.ts";

const [body = "The login page keeps reloading", type = "Auth"] = process.argv.slice(2);
const messageId = Date.now();

const response = await fetch(requireEnv("CIRCLE_WEBHOOK_URL"), {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({
    Type: "single",
    Parent_Message: { message_id: messageId, sender: "Ana Ruiz", body, created_at: new Date().toISOString() },
    Issue_Details: { is_issue: true, issue_title: body.slice(0, 80), type },
  }),
});
const outcome = await response.json();
if (response.status !== 200 || outcome.errors.length > 0) throw new Error(JSON.stringify(outcome));

const { data: message } = await createServerClient()
  .from("circle_issues")
  .select("message_id, issues (seq_id, title, status, segment, submitted_by)")
  .eq("message_id", String(messageId))
  .single()
  .throwOnError();
console.log(message.issues);
