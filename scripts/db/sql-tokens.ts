export type SqlTokenKind = "word" | "quoted" | "string" | "dollar" | "comment" | "symbol" | "space";

export interface SqlToken {
  kind: SqlTokenKind;
  text: string;
  /** Offset of its first character. */
  start: number;
}

const PATTERNS: [SqlTokenKind, RegExp][] = [
  ["space", /\s+/y],
  ["comment", /--[^\n]*/y],
  ["string", /[eE]'(?:[^'\\]|\\[^]|'')*'/y],
  ["string", /(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*'/y],
  ["quoted", /"(?:[^"]|"")*"/y],
  ["dollar", /\$([a-zA-Z_\u0080-\uffff][\w\u0080-\uffff]*)?\$[^]*?\$\1\$/y],
  ["word", /[a-zA-Z_\u0080-\uffff][\w$\u0080-\uffff]*/y],
  ["symbol", /[^]/y],
];

/** Splits SQL into tokens as PostgreSQL's scanner does; joined again they are the text, character by character. */
export function tokenize(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  for (let start = 0; start < sql.length;) {
    const token = blockComment(sql, start) ?? match(sql, start);
    tokens.push(token);
    start += token.text.length;
  }
  return tokens;
}

function match(sql: string, start: number): SqlToken {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = start;
    const text = pattern.exec(sql)?.[0];
    if (text) return { kind, text, start };
  }
  throw new Error(`No token at ${start}`);
}

/** Block comments nest, which a regular expression can't follow. */
function blockComment(sql: string, start: number): SqlToken | undefined {
  if (!sql.startsWith("/*", start)) return undefined;
  let depth = 0;
  let end = start;
  do {
    if (sql.startsWith("/*", end)) {
      depth++;
      end += 2;
    } else if (sql.startsWith("*/", end)) {
      depth--;
      end += 2;
    } else {
      end++;
    }
  } while (depth > 0 && end < sql.length);
  return { kind: "comment", text: sql.slice(start, end), start };
}

/** What is between a dollar-quoted token's delimiters, and where that begins. */
export function dollarBody(token: SqlToken): { text: string; start: number } {
  const delimiter = token.text.slice(0, token.text.indexOf("$", 1) + 1);
  return {
    text: token.text.slice(delimiter.length, -delimiter.length),
    start: token.start + delimiter.length,
  };
}
