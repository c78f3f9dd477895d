// Signs a user in (or up), registers a repository, and queues a task for a coding agent, which a worker
// claims (npm run worker).
// npx node examples/queue-task.ts https://github.com/acme/shop "Fix the typo" you@example.org a-long-password

import { createUserClient } from "./client.ts";

const [
  url = "https://github.com/acme/shop",
  content = "Optimize the README file",
  email = "you@example.org",
  password = "a-long-password",
] = process.argv.slice(2);
const [repo_owner = "", repo_name = ""] = new URL(url).pathname.slice(1).split("/");

const supabase = createUserClient();
const signedIn = await supabase.auth.signInWithPassword({ email, password });
if (signedIn.error?.code === "invalid_credentials") {
  const { data, error } = await supabase.auth.signUp({ email, password });
  if (error) throw error;
  if (!data.session) throw new Error("Confirm the address with the mail, and start this again.");
} else if (signedIn.error) throw signedIn.error;

const { data: project } = await supabase
  .from("projects")
  .upsert({ repo_url: url, repo_owner, repo_name, name: repo_name }, { onConflict: "user_id,repo_url" })
  .select("id, name")
  .single()
  .throwOnError();

const { data: task } = await supabase
  .from("tasks")
  .insert({
    project_id: project.id,
    agent: "claude",
    chat_messages: [{ role: "user", content, timestamp: Date.now() / 1000 }],
  })
  .select("id, status, agent, repo_url, target_branch")
  .single()
  .throwOnError();
console.log(task);
