import type { ReservedSql, Sql } from "postgres";
import { BODIES, SPACES, TITLES } from "./circle-values.ts";
import { derivedTitle, type IssueRow, type Rows, type World } from "./circle-model.ts";
import { useWordRules } from "./word-rules.ts";

// What the database has, in the form that the model gives.

type Connection = Sql | ReservedSql;

interface Stored extends Omit<Rows, "issues"> {
  issues: (IssueRow & { is_formatted: boolean })[];
  /** Of all messages. */
  issueCount: number;
}

/**
 * The rows of messages whose ids lie from `base` on; in `issues` the description ends where the footer begins.
 * The query is sent before this returns.
 */
export async function storedRows(
  sql: Connection,
  base: number,
): Promise<Rows & { unformatted: string[]; issueCount: number }> {
  const [row] = await sql<{ stored: Stored }[]>`
    with messages as (
      select c.* from public.circle_issues as c
      where regexp_replace(c.message_id, '^\\D+', '')::bigint between ${base} and ${base + 999}
    ), utc as (
      select 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"' as form
    )
    select jsonb_build_object(
      'messages', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'message_id', c.message_id, 'thread_id', c.thread_id, 'title', c.title, 'body', c.body,
          'author_name', c.author_name, 'author_email', c.author_email, 'space_id', c.space_id,
          'space_name', c.space_name, 'link', c.link, 'attachments', c.attachments,
          'chat_room_uuid', c.chat_room_uuid, 'posted_at', to_char(c.posted_at at time zone 'UTC', form),
          'edited_at', to_char(c.edited_at at time zone 'UTC', form),
          'removed_at', to_char(c.removed_at at time zone 'UTC', form), 'is_thread', c.is_thread,
          'is_triaged', c.is_triaged, 'triage_confidence', round(c.triage_confidence::numeric, 9),
          'raw_data', c.raw_data
        ) order by c.message_id collate "C"), '[]') from messages as c, utc
      ),
      'replies', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'message_id', r.message_id, 'parent', c.message_id, 'reply_index', r.reply_index,
          'author_name', r.author_name, 'body', r.body, 'attachments', r.attachments, 'link', r.link,
          'posted_at', to_char(r.posted_at at time zone 'UTC', form),
          'edited_at', to_char(r.edited_at at time zone 'UTC', form),
          'removed_at', to_char(r.removed_at at time zone 'UTC', form), 'raw_data', r.raw_data
        ) order by r.message_id collate "C"), '[]')
        from public.circle_replies as r join messages as c on c.id = r.circle_issue_id, utc
      ),
      'issues', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'message_id', c.message_id, 'title', i.title, 'description', i.description,
          'is_formatted', i.description = public.format_circle_message_description(c.id),
          'segment', i.segment, 'submitted_by', i.submitted_by, 'tags', i.tags, 'status', i.status,
          'imports', (select count(*) from public.issue_import_logs as l where l.circle_issue_id = c.id),
          'status_changes', (select count(*) from public.issue_status_logs as l where l.issue_id = i.id)
        ) order by c.message_id collate "C"), '[]')
        from messages as c join public.issues as i on i.id = c.mapped_to_issue_id
      ),
      'issueCount', (select count(*) from public.issues)
    ) as stored
  `.execute();
  if (!row) throw new Error("no row");
  const { issues, ...rest } = row.stored;
  return {
    ...rest,
    issues: issues.map(({ is_formatted: _, ...issue }) => ({
      ...issue,
      description: issue.description.replace(/(^|\n\n)---\nMessage ID: [^]*$/, ""),
    })),
    unformatted: issues.filter(({ is_formatted }) => !is_formatted).map(({ message_id }) => message_id),
  };
}

/** Makes the spaces, and asks once for the likelihood and the segment of every text that payloads are made of. */
export async function openWorld(sql: Sql): Promise<World> {
  await useWordRules(sql);
  for (const [room, { space_id, space_name }] of SPACES) {
    await sql`
      insert into public.circle_spaces (space_id, space_name, chat_room_uuid)
      values (${space_id}, ${space_name}, ${room})
    `;
  }
  const titles = [null, ...TITLES, ...[undefined, ...BODIES].map(derivedTitle)];
  const bodies = [null, ...BODIES];
  const key = (title: string | null | undefined, body: string | null | undefined) =>
    JSON.stringify([title ?? null, body || null]);
  const segments = await sql<{ title: string | null; body: string | null; answer: string }[]>`
    select t as title, b as body, public.determine_segment(t, coalesce(b, '')) as answer
    from unnest(${titles}::text[]) as t, unnest(${bodies}::text[]) as b
  `;
  const segment = new Map(segments.map(({ title, body, answer }) => [key(title, body), answer]));
  const [rules] = await sql<{ is_there: boolean }[]>`
    select to_regprocedure('private.issue_likelihood(text, text)') is not null as is_there
  `;
  const likelihoods = rules?.is_there
    ? await sql<{ title: string | null; body: string | null; answer: number }[]>`
      select t as title, b as body, private.issue_likelihood(t, b)::float8 as answer
      from unnest(${titles}::text[]) as t, unnest(${bodies}::text[]) as b
    `
    : [];
  const likelihood = new Map(likelihoods.map(({ title, body, answer }) => [key(title, body), answer]));
  return {
    spaces: SPACES,
    likelihood: (title, body) => likelihood.get(key(title, body)) ?? 0,
    segment: (title, body) => {
      const answer = segment.get(key(title, body));
      if (!answer) throw new Error(`no segment for ${key(title, body)}`);
      return answer;
    },
    threshold: 0.8,
  };
}
