import type { SupabaseClient } from "@supabase/supabase-js";
import {
  countAnswer,
  cutText,
  fitRows,
  fitText,
  MAX_TOKENS,
  RESERVED,
  type Row,
  share,
  shorten,
} from "./bounded.ts";
import { call } from "./call.ts";

// The context of an issue, cut to the size of an answer: the newest and most relevant first.

export const LISTS = ["steps", "updates", "relations", "conversations"] as const;
export const TEXTS = [
  "title",
  "description",
  "root_cause",
  "impact_description",
  "recommended_fix",
  "actual_fix",
] as const;
export const SECTIONS = ["issue", ...LISTS, ...TEXTS] as const;
export const CURSOR = new RegExp(
  `^((${LISTS.join("|")}):\\d{1,9}(:\\d{1,9})?|(${TEXTS.join("|")}):\\d{1,9})$`,
);

export interface ContextOptions {
  sections?: readonly string[] | undefined;
  since?: string | undefined;
  limit?: number | undefined;
  /**
   * Where an earlier answer ended: a section, and how much of it the caller has, as in `updates:20`; with another number, how
   * many characters of the text of that row.
   */
  cursor?: string | undefined;
}

/** What `exai_issue_context` returns. */
interface Document {
  issue?: Row;
  location?: Row | null;
  texts?: Record<string, string>;
  steps?: Row[];
  updates?: Row[];
  relations?: Row[];
  conversations?: Row[];
  cut: Row & { texts?: string[] };
}

/** Who gets the tokens where not everything fits. */
const WEIGHTS = {
  description: 3,
  root_cause: 3,
  recommended_fix: 2,
  actual_fix: 2,
  steps: 4,
  updates: 6,
  relations: 2,
};

const HOW =
  "Call get_issue_context with a value of next as cursor, and with the same since. A step or an update whose " +
  "text is cut has text_cursor, which gets the rest of it.";

/** The context of an issue, or some sections of it. */
export async function loadContext(
  db: SupabaseClient,
  issue_number: number,
  { sections, since, limit, cursor }: ContextOptions = {},
): Promise<Row> {
  const [section, skipped = "0", from] = cursor?.split(":") ?? [];
  const document = await call<Document>(() =>
    db.rpc("exai_issue_context", {
      issue_number,
      sections: section ? [section] : sections ?? null,
      since: since ?? null,
      skip_items: Number(skipped),
      // alone, a row has up to 40,000 characters of its text
      max_items: from === undefined ? limit ?? null : 1,
    })
  );
  return fitContext(document, Number(skipped), Number(from ?? 0));
}

/**
 * The document with what fits of it. `cut` counts the rest, and `cut.next` has the cursors for it.
 *
 * @param skip how many rows of a list, or characters of a text, the caller has
 * @param from how many characters of the only row's text the caller has
 */
export function fitContext(document: Document, skip = 0, from = 0): Row {
  const { issue, location, texts = {} } = document;
  const omitted = from === 0 ? document.cut : {};
  const base: Row = issue
    ? { issue: shortenIssue(issue), location: location ? shorten(location) : null }
    : {};
  const components = issue ? (issue.affected_components as string[]).length - componentsOf(issue).length : 0;
  const whole = new Map<string, string | Row[]>();
  for (const name of TEXTS) {
    const text = texts[name] ?? issue?.[name];
    if (typeof text === "string") whole.set(name, text);
  }
  for (const name of LISTS) {
    const rows = document[name];
    if (rows) whole.set(name, arrange[name](rows).map((row) => shortenRow(row, from)));
  }
  const wanted = new Map([...whole].map(([name, value]) => [name, countAnswer(value)]));
  const tokens = share(wanted, WEIGHTS, MAX_TOKENS - RESERVED - countAnswer(base));
  const kept = new Map([...whole].map(([name, value]): [string, string | Row[]] => {
    const part = keep(value, tokens.get(name) ?? 0);
    if (typeof part === "string") return [name, part];
    return [name, part.map((row, at) => nameCursor(row, `${name}:${skip + at}`, from))];
  }));
  return { ...assemble(base, texts, kept), cut: describeCut(omitted, whole, kept, texts, skip, components) };
}

const isDone = (step: Row): number => step.status === "complete" || step.status === "skipped" ? 1 : 0;
const byNumber = (one: Row, other: Row): number => Number(one.step_number) - Number(other.step_number);

/** What is kept first, for each list of the document. */
const arrange: Record<typeof LISTS[number], (rows: Row[]) => Row[]> = {
  steps: (rows) => rows.toSorted((one, other) => isDone(one) - isDone(other) || byNumber(one, other)),
  updates: (rows) => rows.toReversed(),
  relations: (rows) => rows,
  conversations: (rows) => rows.toReversed(),
};

/** The issue without its long texts. */
function shortenIssue(issue: Row): Row {
  const { affected_components: _, ...rest } = issue;
  const others = Object.entries(rest).filter(([key]) => !TEXTS.some((name) => name === key));
  return { ...shorten(Object.fromEntries(others)), affected_components: componentsOf(issue) };
}

/** The components that are shown. */
function componentsOf(issue: Row): string[] {
  const components = (issue.affected_components as string[]).map((name) => cutText(name, 100));
  return components.slice(0, fitRows(components, 2_000));
}

/** The one text of a row that may be long. */
const textOf = (row: Row): "content" | "description" => "content" in row ? "content" : "description";

/** The row with its text from a character on, and other values of a bounded size. */
function shortenRow(row: Row, from: number): Row {
  const text = row[textOf(row)];
  if (typeof text !== "string") return shorten(row);
  if (from === 0) return { ...shorten(row), [textOf(row)]: text };
  const characters = [...text];
  const text_length = row.text_length ?? characters.length;
  return { ...shorten(row), [textOf(row)]: characters.slice(from).join(""), text_length };
}

/** The row with the cursor for the rest of its text, if it is cut. */
function nameCursor({ text_length, ...row }: Row, position: string, from: number): Row {
  if (text_length === undefined) return row;
  const end = from + [...String(row[textOf(row)])].length;
  // nothing follows the characters that the database returns
  return (from === 0 || from < end) && end < Number(text_length)
    ? { ...row, text_length, text_cursor: `${position}:${end}` }
    : row;
}

function keep(value: string | Row[], tokens: number): string | Row[] {
  if (countAnswer(value) <= tokens) return value;
  if (typeof value === "string") return value.slice(0, fitText(value, tokens));
  // one long text does not push out the rest
  const rows = value.map((row) => cutRow(row, tokens / Math.min(4, value.length)));
  return rows.slice(0, Math.max(1, fitRows(rows, tokens)));
}

/** The row with a part of its text, where it has more than so many tokens. */
function cutRow(row: Row, tokens: number): Row {
  const key = textOf(row);
  const text = row[key];
  if (typeof text !== "string" || countAnswer(row) <= tokens) return row;
  const text_length = row.text_length ?? [...text].length;
  const rest = tokens - countAnswer({ ...row, [key]: "", text_length }) - 20;
  return { ...row, [key]: text.slice(0, fitText(text, rest)), text_length };
}

function assemble(base: Row, texts: Record<string, string>, kept: ReadonlyMap<string, string | Row[]>): Row {
  const named = (names: readonly string[]) =>
    Object.fromEntries(names.filter((name) => kept.has(name)).map((name) => [name, kept.get(name)]));
  const asked = TEXTS.filter((name) => name in texts);
  const { issue, ...rest } = base;
  return {
    ...(issue ? { issue: { ...issue, ...named(TEXTS.filter((name) => !asked.includes(name))) } } : {}),
    ...(asked.length > 0 ? { texts: named(asked) } : {}),
    ...named(LISTS),
    ...(kept.has("steps") ? { steps: (kept.get("steps") as Row[]).toSorted(byNumber) } : {}),
    ...rest,
  };
}

function describeCut(
  omitted: Document["cut"],
  whole: ReadonlyMap<string, string | Row[]>,
  kept: ReadonlyMap<string, string | Row[]>,
  texts: Record<string, string>,
  skip: number,
  components: number,
): Row {
  const cutTexts: string[] = [];
  const lists: Row = {};
  let cutRows = 0;
  const next: Record<string, string> = {};
  for (const [name, value] of whole) {
    const shown = kept.get(name) ?? value;
    const left = value.length - shown.length;
    if (typeof shown === "string") {
      if (left === 0 && !omitted.texts?.includes(name)) continue;
      cutTexts.push(name);
      next[name] = `${name}:${(name in texts ? skip : 0) + [...shown].length}`;
    } else {
      const more = omitted[name];
      cutRows += shown.filter((row) => typeof row === "object" && "text_cursor" in row).length;
      if (left === 0 && more === undefined) continue;
      lists[name] = typeof more === "string" ? more : left + Number(more ?? 0);
      next[name] = `${name}:${skip + shown.length}`;
    }
  }
  const hidden = components + Number(omitted.affected_components ?? 0);
  const others = hidden > 0 ? { affected_components: hidden } : {};
  const texts_of_rows = cutRows > 0 ? { texts_of_rows: cutRows } : {};
  const cut = {
    ...(cutTexts.length > 0 ? { texts: cutTexts.sort() } : {}),
    ...texts_of_rows,
    ...others,
    ...lists,
  };
  if (Object.keys(next).length > 0) return { ...cut, next, how: HOW };
  return cutRows > 0 ? { ...cut, how: HOW } : cut;
}
