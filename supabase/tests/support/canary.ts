import { createReadStream, globSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { Sql } from "postgres";

/** A text to be looked for, in the forms in which somebody might have kept it. */
export class Canary {
  readonly #needles: Map<string, Buffer>;

  /** @param text letters and digits, enough of them that they are nowhere by chance */
  constructor(text: string) {
    const bytes = Buffer.from(text);
    this.#needles = new Map([
      ["plain", bytes],
      ["upper case", Buffer.from(text.toUpperCase())],
      ["reversed", Buffer.from([...text].reverse().join(""))],
      ["UTF-16", Buffer.from(text, "utf16le")],
      ["hex", Buffer.from(bytes.toString("hex"))],
      ["HEX", Buffer.from(bytes.toString("hex").toUpperCase())],
      ...[0, 1, 2].map((shift) => [`base64+${shift}`, inBase64(bytes, shift)] as const),
    ]);
  }

  /** How the text stands in these bytes, if it does. */
  formIn(bytes: Buffer): string | undefined {
    return [...this.#needles].find(([, needle]) => bytes.includes(needle))?.[0];
  }

  get longest(): number {
    return Math.max(...[...this.#needles.values()].map((needle) => needle.length));
  }
}

/** The letters of a base64 text that are the same wherever these bytes stand in it, if as many stand before them modulo 3. */
function inBase64(bytes: Buffer, shift: number): Buffer {
  const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64url");
  const whole = Math.floor((shift + bytes.length) / 3) * 4;
  return Buffer.from(encoded.slice(shift === 0 ? 0 : 4, whole));
}

/** Reads every file below a folder, and names those that hold it, as `<path> (<form>)`. */
export async function searchFiles(folder: string, canary: Canary): Promise<string[]> {
  const found: string[] = [];
  for (const path of globSync("**/*", { cwd: folder }).map((name) => join(folder, name))) {
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) continue;
    const form = await formInFile(path, canary);
    if (form) found.push(`${relative(folder, path)} (${form})`);
  }
  return found;
}

async function formInFile(path: string, canary: Canary): Promise<string | undefined> {
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 8 * 1024 * 1024 })) {
    const bytes = Buffer.concat([rest, chunk as Buffer]);
    const form = canary.formIn(bytes);
    if (form) return form;
    rest = bytes.subarray(-canary.longest);
  }
  return undefined;
}

/** Reads every table of every schema as text, and what the server shows of itself, and names those that hold it. */
export async function searchTables(sql: Sql, canary: Canary): Promise<string[]> {
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
