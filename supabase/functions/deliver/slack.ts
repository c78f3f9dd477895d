import { z } from "zod";

const issueSchema = z.object({ number: z.int(), title: z.string(), link: z.string().nullish() });
const eventSchema = z.object({
  type: z.string(),
  data: z.object({
    issue: issueSchema.optional(),
    actor: z.string().nullish(),
    name: z.string().optional(),
    reason: z.string().optional(),
    count: z.int().optional(),
    events: z.array(z.object({ type: z.string(), number: z.int(), title: z.string() })).optional(),
  }),
});

/**
 * Text on one line, so that no title looks like another event, without Slack's three control characters:
 * https://docs.slack.dev/messaging/formatting-message-text
 */
const escape = (text: string): string =>
  text.replace(/\s+/g, " ").replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** What an incoming webhook of Slack takes, made of what an endpoint is sent. */
export function toSlack(payload: Record<string, unknown>): { text: string } {
  const event = eventSchema.safeParse(payload);
  if (!event.success) return { text: "An event that cannot be shown." };
  const { type, data } = event.data;
  if (data.issue) {
    const name = `#${data.issue.number} ${escape(data.issue.title)}`;
    // a link ends at a bar
    const link = data.issue.link && !/[|>\s]/.test(data.issue.link) ? data.issue.link : null;
    const by = data.actor ? ` by ${escape(data.actor)}` : "";
    return { text: `*${verbOf(type)}*${by}: ${link ? `<${link}|${name.replaceAll("|", "¦")}>` : name}` };
  }
  if (data.events) {
    const lines = data.events.map(({ type, number, title }) =>
      `• ${verbOf(type)}: #${number} ${escape(title)}`
    );
    const more = (data.count ?? lines.length) - lines.length;
    return { text: [...lines, ...more > 0 ? [`… and ${more} more`] : []].join("\n") };
  }
  return { text: `*${escape(type)}*: ${escape(data.name ?? "")} (${escape(data.reason ?? "")})` };
}

/** `issue.resolved` as `resolved`. */
const verbOf = (type: string): string => escape(type.replace(/^issue\./, ""));
