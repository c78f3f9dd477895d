import type { Bench, BenchDatabase } from "../bench.ts";
import { setIndexUpkeep, VIEWER_ID } from "./bulk.ts";

const MESSAGE_COUNT = 5_000_000;
const MESSAGES_PER_CONVERSATION = 100;

/** The account of the visitor who has the first conversations. */
export const VISITOR_ID = "00000000-0000-4000-8000-0000000000aa";

/** How many conversations that visitor has. */
const OWN_CONVERSATIONS = 3;

export interface SupportBulk {
  database: BenchDatabase;
  conversationCount: number;
  messageCount: number;
}

/** The id of a conversation by its number, from 1. The first ones are the visitor's. */
export const conversationId = (number: number): string =>
  `e0000000-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;

/** A database with five million messages in conversations of a hundred, written in the order of time, not of conversations. */
export async function makeSupportBulk(bench: Bench): Promise<SupportBulk> {
  const conversationCount = Math.max(10, bench.scaled(MESSAGE_COUNT / MESSAGES_PER_CONVERSATION));
  const messageCount = conversationCount * MESSAGES_PER_CONVERSATION;
  const database = await bench.createDatabase("support");
  const sql = database.connect({ role: "supabase_admin", max: 1 });
  try {
    bench.progress(`loading ${messageCount} messages of ${conversationCount} conversations`);
    await sql`set session_replication_role = replica`;
    await sql`set synchronous_commit = off`;
    await sql`set maintenance_work_mem = '512MB'`;
    await sql`
      insert into auth.users (id, email) values (${VIEWER_ID}, 'viewer@example.com'), (${VISITOR_ID}, null)
    `;
    await sql`insert into public.team_members (user_id, role) values (${VIEWER_ID}, 'viewer')`;
    await sql`insert into support.users (id) values (${VISITOR_ID})`;
    await sql`
      insert into support.conversations (id, session_id, user_id, last_message_at)
      select ('e0000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, private.new_session_id(),
        case when n <= ${OWN_CONVERSATIONS} then ${VISITOR_ID}::uuid end, now()
      from generate_series(1, ${conversationCount}::int) as n
    `;
    await setIndexUpkeep(sql, ["support.messages"], false);
    await sql`
      insert into support.messages (conversation_id, role, content, position, created_at)
      select ('e0000000-0000-4000-8000-' || lpad(to_hex(c), 12, '0'))::uuid,
        case m % 2 when 1 then 'user' else 'assistant' end, repeat(md5(c || '/' || m) || ' ', 2 + (c + m) % 12),
        (m - 1) * ${conversationCount}::bigint + c, now() - make_interval(mins => 1000 - m)
      from generate_series(1, ${MESSAGES_PER_CONVERSATION}::int) as m
      cross join generate_series(1, ${conversationCount}::int) as c
    `;
    bench.progress("indexing and analyzing them");
    await setIndexUpkeep(sql, ["support.messages"], true);
    await sql.unsafe("reindex table support.messages");
    for (const table of ["messages", "conversations", "users"]) {
      await sql.unsafe(`vacuum (analyze) support.${table}`);
    }
  } finally {
    await sql.end();
  }
  return { database, conversationCount, messageCount };
}
