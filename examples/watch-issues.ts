// Prints issues as they are created and changed, until Ctrl-C. It polls, which works everywhere; a hosted
// project also has Realtime (supabase.channel, on "postgres_changes").
// npx node examples/watch-issues.ts

import { setTimeout as sleep } from "node:timers/promises";
import { createServerClient } from "./client.ts";

const INTERVAL_MS = 1_000;
const PAGE = 500;
/** A transaction that commits late has an earlier `updated_at`, so each poll looks back. */
const OVERLAP_MS = 30_000;

const supabase = createServerClient();
const seen = new Map<string, string>();
let since = new Date();
console.log("Watching issues. Ctrl-C stops.");
for (;;) {
  const from = new Date(since.getTime() - OVERLAP_MS).toISOString();
  for (let at = 0, count = PAGE; count === PAGE; at += PAGE) {
    const { data: issues } = await supabase
      .from("issues")
      .select("id, seq_id, title, status, updated_at")
      .gt("updated_at", from)
      .order("updated_at")
      .order("id")
      .range(at, at + PAGE - 1)
      .throwOnError();
    count = issues.length;
    for (const { id, seq_id, title, status, updated_at } of issues) {
      if (seen.get(id) !== updated_at) console.log(`${updated_at}  #${seq_id}  ${status}  ${title}`);
      seen.set(id, updated_at);
      since = new Date(updated_at);
    }
  }
  await sleep(INTERVAL_MS);
}
