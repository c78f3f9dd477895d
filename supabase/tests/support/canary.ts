import { createReadStream, globSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Sql } from "postgres";

/** Texts to search for, in every form in which they may have been stored. */
export class Canary {
  readonly #forms: Map<string, string>;
  readonly #any: RegExp;
  readonly longest: number;

  /** @param texts letters, digits, - and _, long enough not to occur by chance */
  constructor(...texts: string[]) {
    this.#forms = new Map(texts.flatMap(formsOf));
    // one pass for all of them: a cluster is a few hundred megabytes
    this.#any = new RegExp([...this.#forms.keys()].join("|"));
    this.longest = Math.max(...[...this.#forms.keys()].map((form) => form.length));
  }

  /** The form in which these bytes contain the text, if they do. */
  formIn(bytes: Buffer): string | undefined {
    const found = this.#any.exec(bytes.toString("latin1"))?.[0];
    return found === undefined ? undefined : this.#forms.get(found);
  }
}

function formsOf(text: string): [form: string, name: string][] {
  const bytes = Buffer.from(text);
  const hex = bytes.toString("hex");
  return [
    [text, "plain"],
    [text.toUpperCase(), "upper case"],
    [[...text].reverse().join(""), "reversed"],
    [Buffer.from(text, "utf16le").toString("latin1"), "UTF-16"],
    [hex, "hex"],
    [hex.toUpperCase(), "hex"],
    ...[0, 1, 2].map((shift): [string, string] => [inBase64(bytes, shift), `base64+${shift}`]),
  ];
}

/** The characters of a base64 text that are the same for these bytes at any offset with the same remainder modulo 3. */
function inBase64(bytes: Buffer, shift: number): string {
  const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64url");
  const whole = Math.floor((shift + bytes.length) / 3) * 4;
  return encoded.slice(shift === 0 ? 0 : 4, whole);
}

/** What is on the disk and in the tables, once everything that is under way is written. */
export async function searchCluster(sql: Sql, canary: Canary): Promise<Record<string, string[]>> {
  await sql`analyze`;
  await sql`checkpoint`;
  const [where] = await sql<{ data: string; logs: string }[]>`
    select current_setting('data_directory') as data, current_setting('log_directory') as logs
  `;
  const files = await searchFiles(where?.data ?? "", canary);
  return {
    wal: files.filter((file) => file.startsWith("pg_wal/")),
    heap: files.filter((file) => file.startsWith("base/")),
    otherFiles: files.filter((file) => !/^(pg_wal|base)\//.test(file)),
    serverLog: await searchFiles(where?.logs ?? "", canary),
    tables: await searchTables(sql, canary),
  };
}

/** Searches every file below a folder, and returns those that contain it, as `<path> (<form>)`. */
export async function searchFiles(folder: string, canary: Canary): Promise<string[]> {
  const found: string[] = [];
  for (const path of globSync("**/*", { cwd: folder }).map((name) => join(folder, name))) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat?.isFile()) continue;
    // a buffer as large as the file: a cluster is some thousand small ones
    const form = await formInFile(path, canary, Math.min(stat.size + 1, 8 * 1024 * 1024));
    if (form) found.push(`${relative(folder, path)} (${form})`);
  }
  return found;
}

async function formInFile(path: string, canary: Canary, highWaterMark: number): Promise<string | undefined> {
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark })) {
    const bytes = Buffer.concat([rest, chunk as Buffer]);
    const form = canary.formIn(bytes);
    if (form) return form;
    rest = bytes.subarray(-canary.longest);
  }
  return undefined;
}

/** Searches every table of every schema as text, and the server's own views, and returns those that contain it. */
async function searchTables(sql: Sql, canary: Canary): Promise<string[]> {
  const relations = await sql<{ name: string }[]>`
    select c.oid::regclass::text as name from pg_class as c
    where c.relkind in ('r', 'm') and c.relpersistence <> 't'
    union all
    select x.name from unnest(array[
      'pg_stat_activity', 'pg_prepared_statements', 'extensions.pg_stat_statements'
    ]) as x (name)
  `;
  const found: string[] = [];
  for (const { name } of relations) {
    const rows = await sql.unsafe<{ row: string }[]>(`select t::text as row from ${name} as t`);
    const form = canary.formIn(Buffer.from(rows.map(({ row }) => row).join("\n")));
    if (form) found.push(`${name} (${form})`);
  }
  return found;
}

/** Cancels the API's statement once it waits for the lock. */
export async function cancelWaiting(sql: Sql): Promise<void> {
  for (;;) {
    const cancelled = await sql`
      select pg_cancel_backend(pid) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query ~ 'users|set_github_token'
    `;
    if (cancelled.length > 0) return;
    await sleep(10);
  }
}
