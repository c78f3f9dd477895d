// Answers of a bounded size: what fits is kept, what does not is cut, and the answer says so.

/** What an answer may have, text and structured content together. */
export const MAX_TOKENS = 25_000;

/** For what surrounds the rows. */
export const RESERVED = 2_000;

export type Row = Record<string, unknown>;

/**
 * The tokens of a text, estimated rather too high: tokenizers differ, and a text in Chinese, Thai or emoji has many more of
 * them than its length suggests.
 */
export function countTokens(text: string): number {
  let thirds = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    // ASCII a third, other alphabets 1, scripts of Asia 1.5, each half of a surrogate pair 1.5
    thirds += unit < 0x80 ? 1 : unit < 0x800 ? 3 : 4.5;
  }
  return Math.ceil(thirds / 3);
}

/** The tokens of a value in an answer, which contains it twice: as structured content, and as the JSON of a text. */
export function countAnswer(value: unknown): number {
  const json = JSON.stringify(value) ?? "";
  return countTokens(json) + countTokens(JSON.stringify(json));
}

/** The text with at most so many characters. A pair of surrogates stays whole. */
export function cutText(text: string, length: number): string {
  if (text.length <= length) return text;
  const end = /[\ud800-\udbff]/.test(text.charAt(length - 1)) ? length - 1 : length;
  return `${text.slice(0, end)}…`;
}

/** How many characters of a text fit into so many tokens. */
export function fitText(text: string, tokens: number): number {
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (countAnswer(text.slice(0, middle)) <= tokens) low = middle;
    else high = middle - 1;
  }
  return /[\ud800-\udbff]/.test(text.charAt(low - 1)) ? low - 1 : low;
}

/** How many rows, from the first one on, fit into so many tokens. */
export function fitRows(rows: readonly unknown[], tokens: number): number {
  let used = 0;
  const first = rows.findIndex((row) => (used += countAnswer(row) + 1) > tokens);
  return first === -1 ? rows.length : first;
}

/** A page of issues that fits into an answer, with the cursor of the next one. */
export type Page<Cursor> = {
  issues: Row[];
  next: Cursor | null;
  cut?: Row;
};

/**
 * The first issues of a list, as many as are wanted and fit.
 *
 * @param rows one more than wanted, if there are more
 * @param nextOf the cursor after the last issue of the page, and the number of issues in it
 */
export function fitPage<Cursor>(
  rows: readonly Row[],
  limit: number,
  nextOf: (last: Row, count: number) => Cursor,
): Page<Cursor> {
  const page = rows.slice(0, limit).map(shorten);
  const issues = page.slice(0, Math.max(1, fitRows(page, MAX_TOKENS - RESERVED)));
  const last = issues.at(-1);
  const left = page.length - issues.length;
  return {
    issues,
    next: last && issues.length < rows.length ? nextOf(last, issues.length) : null,
    ...(left > 0 ? { cut: { issues: left, how: "They follow on the next page: next is its cursor." } } : {}),
  };
}

/** How many items of an array a row has. */
const ITEMS = 20;

/** The row with texts and arrays of a bounded size; `<key>_count` is the number of items of an array that is cut. */
export function shorten(row: Row): Row {
  const entries = Object.entries(row).flatMap(([key, value]) => {
    if (typeof value === "string") return [[key, cutText(value, key === "title" ? 300 : 500)]];
    if (!Array.isArray(value)) return [[key, value]];
    const items = value.slice(0, ITEMS).map((item: unknown) =>
      typeof item === "string" ? cutText(item, 100) : item
    );
    return value.length > ITEMS ? [[key, items], [`${key}_count`, value.length]] : [[key, items]];
  });
  return Object.fromEntries(entries) as Row;
}

/** Steps of what is left of a value whose answer is too large: characters per text, and items per array. */
const STEPS: readonly [length: number, items: number][] = [
  [4_000, Infinity],
  [1_000, Infinity],
  [300, Infinity],
  [100, Infinity],
  [40, Infinity],
  [40, 50],
  [40, 10],
];

/** The result itself where it fits, else with shorter texts and arrays, and with a note in `cut`. */
export function bound(result: Row, how = "Call get_issue_context, which has sections and cursors."): Row {
  if (countAnswer(result) <= MAX_TOKENS) return result;
  for (const [length, items] of STEPS) {
    const note = [
      `texts after ${length} characters`,
      ...(items < Infinity ? [`lists after ${items} items`] : []),
    ].join(", ");
    const shorter = { ...reduce(result, length, items) as Row, cut: { everything: note, how } };
    if (countAnswer(shorter) <= MAX_TOKENS) return shorter;
  }
  return {
    ...reduce(result, 30, 3) as Row,
    cut: { everything: "texts after 30 characters, lists after 3 items", how },
  };
}

function reduce(value: unknown, length: number, items: number): unknown {
  if (typeof value === "string") return cutText(value, length);
  if (Array.isArray(value)) return value.slice(0, items).map((item) => reduce(item, length, items));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, reduce(item, length, items)]));
}

/**
 * Divides tokens among parts by their weights: a part that wants less than its share leaves the rest to the others.
 *
 * @returns what each part gets, at most what it wants
 */
export function share(
  wanted: ReadonlyMap<string, number>,
  weights: Readonly<Record<string, number>>,
  tokens: number,
) {
  const given = new Map<string, number>();
  let rest = tokens;
  for (let open = [...wanted]; open.length > 0;) {
    const total = open.reduce((sum, [part]) => sum + (weights[part] ?? 1), 0);
    const portion = (part: string) => Math.floor(rest * (weights[part] ?? 1) / total);
    const content = open.filter(([part, want]) => want <= portion(part));
    if (content.length === 0) {
      for (const [part] of open) given.set(part, portion(part));
      break;
    }
    for (const [part, want] of content) given.set(part, want);
    rest -= content.reduce((sum, [, want]) => sum + want, 0);
    open = open.filter(([part]) => !given.has(part));
  }
  return given;
}
