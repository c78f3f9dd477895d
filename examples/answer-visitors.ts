// Lists the visitors who wait for a person and, with an answer, answers the first, as a member of the team.
// npx node examples/answer-visitors.ts you@example.org a-long-password "On my way"

import { createUserClient } from "./client.ts";

const [email = "", password = "", content] = process.argv.slice(2);
const client = createUserClient();
const signedIn = await client.auth.signInWithPassword({ email, password });
if (signedIn.error) throw signedIn.error;
const support = client.schema("support");

const { data: waiting } = await support.from("open_escalations")
  .select("id, original_request, status, waiting_since, raised_count").neq("status", "in_progress").limit(10)
  .throwOnError();
if (waiting.length === 0) console.log("Nobody waits.");
for (const { original_request, waiting_since, raised_count } of waiting) {
  console.log(`since ${waiting_since}, raised ${raised_count} times: ${original_request}`);
}

for (const { id } of content ? waiting : []) {
  // answering takes it; somebody else may have been faster
  const { data: sent, error } = await support.rpc("answer_escalation", {
    id: id ?? "",
    content: content ?? "",
    client_key: crypto.randomUUID(),
  });
  if (error?.message === "support_escalation_conflict") continue;
  if (error) throw error;
  console.log(`answered in conversation ${sent.conversation_id}: ${sent.content}`);
  break;
}
