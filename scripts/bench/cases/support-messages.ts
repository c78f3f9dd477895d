import type { Case, Comparison } from "../bench.ts";
import { VIEWER_ID } from "../data/bulk.ts";
import { conversationId, makeSupportBulk, VISITOR_ID } from "../data/support.ts";
import { asCaller, explain, pageAsJson, timedPage } from "../queries.ts";

const WITHOUT_RLS = "the same with RLS off";

export const supportMessagesCase: Case = {
  name: "support-messages",
  title: "The newest 50 messages of one conversation at five million messages",
  async prepare(bench) {
    const { database, conversationCount, messageCount } = await makeSupportBulk(bench);
    const sql = database.connect();

    const comparison = (name: string, title: string, userId: string, number: number): Comparison => {
      const rest = `where v.conversation_id = '${conversationId(number)}' order by v.position desc limit 50`;
      const query = pageAsJson("support.messages", rest);
      return {
        name,
        title,
        clients: "1 connection",
        unit: "ms",
        contenders: [
          { name: "support.messages", run: () => timedPage(sql, "authenticated", userId, query) },
          { name: WITHOUT_RLS, run: () => timedPage(sql, "service_role", userId, query) },
        ],
        floors: [{ against: WITHOUT_RLS, ratio: 1 / 1.5 }],
        explain: () =>
          asCaller(
            sql,
            "authenticated",
            userId,
            (tx) => explain(tx, `select v.* from support.messages as v ${rest}`),
          ),
      };
    };
    return {
      comparisons: [
        comparison(
          "support-team",
          "50 messages of a conversation, for a viewer",
          VIEWER_ID,
          Math.ceil(conversationCount / 2),
        ),
        comparison("support-visitor", "50 messages of a conversation, for its visitor", VISITOR_ID, 1),
      ],
      method:
        `${messageCount} messages in ${conversationCount} conversations, analyzed, written in the order of time. The ` +
        "newest 50 of one are asked for as PostgREST asks, as one JSON value, by a team viewer and by the signed-in visitor " +
        "who has three conversations; the query alone is timed, prepared. With RLS off the same query runs as " +
        "`service_role`, which bypasses row security.",
      async verify() {
        await asCaller(sql, "authenticated", VISITOR_ID, async (tx) => {
          const [own] =
            await tx`select count(*)::int as count from support.messages where conversation_id = any (${
              [1, 2, 3, 4].map(conversationId)
            }::uuid[])`;
          if (own?.["count"] !== 300) {
            throw new Error(`The visitor sees ${own?.["count"]} messages, not 300.`);
          }
        });
      },
      close: () => sql.end(),
    };
  },
};
