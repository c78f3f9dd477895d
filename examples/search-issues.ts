// Searches issues by what people type: words, "phrases", -exclusions, identifiers such as C# or v2.14.1.
// npx node examples/search-issues.ts 'login -safari'

import { createServerClient } from "./client.ts";

const query = process.argv.slice(2).join(" ");

const { data: issues } = await createServerClient()
  .rpc("search_issues", { query, max_results: 10 })
  .throwOnError();
for (const issue of issues) {
  console.log(`#${issue.seq_id} ${issue.title} (${issue.status}, ${issue.segment})`);
  console.log(`   ${issue.snippet.replaceAll("\n", " ")}`);
}
if (issues.length === 0) console.log("No issue matches.");
