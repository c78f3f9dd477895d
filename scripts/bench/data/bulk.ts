import { once } from "node:events";
import { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import type postgres from "postgres";
import type { Bench, BenchDatabase } from "../bench.ts";
import { between, createRandom, createWriter, type Random } from "../words.ts";

export const ISSUE_COUNT = 1_000_000;
const COMMENT_COUNT = 3_000_000;

/** The account of a viewer, in the bulk database. */
export const VIEWER_ID = "00000000-0000-4000-8000-00000000000b";

const FIRST_DAY = Date.UTC(2024, 0, 1);
const DAYS = 700;
const SEGMENTS = ["auth", "code", "tool", "misc"];
const TAGS = ["export", "import", "login", "mobile", "billing", "editor", "api", "docs", "slow", "crash"];
const PEOPLE = Array.from({ length: 200 }, (_, at) => `Person ${at + 1}`);

/** Three in four are solved, as in a tracker that has been in use for years. */
const STATUSES = [
  ...Array<string>(50).fill("resolved"),
  ...Array<string>(26).fill("archived"),
  ...Array<string>(12).fill("waiting_for_help"),
  ...Array<string>(8).fill("in_progress"),
  ...Array<string>(4).fill("blocked"),
];

export interface Bulk {
  database: BenchDatabase;
  issueCount: number;
  commentCount: number;
}

/** A database with a million issues and three million comments, made once for all cases that need it. */
export const makeBulk = (bench: Bench): Promise<Bulk> =>
  bench.shared("bulk", async () => {
    const bulk: Bulk = {
      database: await bench.createDatabase("bulk"),
      issueCount: bench.scaled(ISSUE_COUNT),
      commentCount: bench.scaled(COMMENT_COUNT),
    };
    const sql = bulk.database.connect({ role: "supabase_admin" });
    try {
      await fill(bench, bulk, sql);
    } finally {
      await sql.end();
    }
    return bulk;
  });

async function fill(bench: Bench, { issueCount, commentCount }: Bulk, sql: postgres.Sql): Promise<void> {
  bench.progress(`loading ${issueCount} issues and ${commentCount} comments`);
  await sql`set session_replication_role = replica`;
  await sql`set synchronous_commit = off`;
  await sql`set maintenance_work_mem = '512MB'`;
  await sql`insert into auth.users (id, email) values (${VIEWER_ID}, 'viewer@example.com')`;
  await sql`insert into public.team_members (user_id, role) values (${VIEWER_ID}, 'viewer')`;

  const tables = ["public.issues", "public.comments"];
  await setIndexUpkeep(sql, tables, false);
  const random = createRandom(7);
  const write = createWriter(random);
  const issues = await sql`
    copy public.issues (
      id, seq_id, title, description, status, segment, submitted_by, assigned_to, tags, created_at, updated_at,
      resolved_by, resolved_at, archived_at
    ) from stdin
  `.writable();
  await send(issues, issueCount, (at) => issueLine(at, issueCount, random, write));
  const comments = await sql`
    copy public.comments (id, issue_id, author_name, body, created_at, updated_at) from stdin
  `.writable();
  await send(comments, commentCount, (at) => commentLine(at, issueCount, random, write));
  await sql`select setval('public.issues_seq_id_seq', ${issueCount})`;

  bench.progress("indexing and analyzing them");
  await setIndexUpkeep(sql, tables, true);
  for (const table of tables) {
    await sql.unsafe(`reindex table ${table}`);
    await sql.unsafe(`vacuum (analyze) ${table}`);
  }
}

/** Indexes that are built once the rows are there take a fraction of the time; whatever indexes there are. */
export async function setIndexUpkeep(
  sql: postgres.Sql,
  tables: readonly string[],
  isOn: boolean,
): Promise<void> {
  await sql`
    update pg_index as i set indisready = ${isOn}
    where i.indrelid = any (${[...tables]}::regclass[])
  `;
}

async function send(stream: Writable, count: number, line: (at: number) => string): Promise<void> {
  const done = finished(stream);
  let chunk = "";
  for (let at = 0; at < count; at++) {
    chunk += line(at);
    if (chunk.length < 65_536) continue;
    if (!stream.write(chunk)) await once(stream, "drain");
    chunk = "";
  }
  stream.end(chunk);
  await done;
}

function issueLine(at: number, count: number, random: Random, write: (words: number) => string): string {
  const status = pick(random, STATUSES);
  const created = createdMs(at, count);
  const isSolved = status === "resolved" || status === "archived";
  const solvedAt = isSolved ? time(created + 3_600_000 * between(random, 1, 200)) : "\\N";
  const solver = pick(random, PEOPLE);
  return `${
    [
      issueId(at),
      at + 1,
      write(between(random, 4, 8)),
      write(between(random, 20, 78)),
      status,
      pick(random, SEGMENTS),
      pick(random, PEOPLE),
      status === "waiting_for_help" ? "\\N" : solver,
      `{circle,${pick(random, TAGS)}}`,
      time(created),
      time(created),
      isSolved ? solver : "\\N",
      solvedAt,
      status === "archived" ? solvedAt : "\\N",
    ].join("\t")
  }\n`;
}

function commentLine(
  at: number,
  issueCount: number,
  random: Random,
  write: (words: number) => string,
): string {
  // most issues have few comments, some have many
  const issue = Math.floor(issueCount * random() ** 1.3);
  const at_ = time(createdMs(issue, issueCount) + between(random, 60_000, 30 * 86_400_000));
  return `${id(at, 0x5bd1e995)}\t${issueId(issue)}\t${pick(random, PEOPLE)}\t${
    write(between(random, 5, 28))
  }\t${at_}\t${at_}\n`;
}

const pick = <T>(random: Random, values: readonly T[]): T =>
  values[Math.floor(random() * values.length)] as T;

const createdMs = (at: number, count: number): number =>
  FIRST_DAY + Math.floor((at / count) * DAYS * 86_400_000);

const time = (ms: number): string => new Date(ms).toISOString();

/** The key of the issue of a number, scattered as random keys are. */
export const issueId = (at: number): string => id(at, 0x9e3779b1);

function id(at: number, seed: number): string {
  const random = createRandom(Math.imul(at + 1, seed));
  const hex = (digits: number): string =>
    Math.floor(random() * 16 ** digits).toString(16).padStart(digits, "0");
  return `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(6)}${hex(6)}`;
}
