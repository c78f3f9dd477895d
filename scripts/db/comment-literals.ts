import { tokenize } from "./sql-tokens.ts";
import { splitStatements, type Statement } from "./statements.ts";

const MAX_COLUMNS = 110;
/** A piece that ends before it could take the next word. */
const FULL = 90;
/** A last line that is too short to be one: fewer words, and fewer characters. */
const MIN_WORDS = 3;
const MIN_LENGTH = 20;

export interface LiteralProblem {
  /** Offset of the statement or the piece. */
  at: number;
  message: string;
}

interface Piece {
  at: number;
  /** Without its quotes; doubled ones stay. */
  text: string;
  /** The column in which its closing quote is. */
  end: number;
}

/** What is wrong with how the literals of `comment on` are wrapped. */
export function literalProblems(sql: string): LiteralProblem[] {
  return splitStatements(sql).filter(isComment).flatMap((statement) => {
    const pieces = piecesOf(sql, statement);
    const last = pieces.at(-1);
    const problems: LiteralProblem[] = [];
    for (const [at, piece] of pieces.slice(0, -1).entries()) {
      const next = words(pieces[at + 1]?.text ?? "");
      const wouldFit = piece.end + (next[0]?.length ?? 0) + 1 <= MAX_COLUMNS;
      const leavesEnough = pieces[at + 1] !== last || !isShort(next.slice(1));
      if (piece.end < FULL && wouldFit && leavesEnough) {
        problems.push({
          at: piece.at,
          message: "is wrapped although the next word fits: npm run db:style -- --fix",
        });
      }
    }
    if (pieces.length > 1 && last && isShort(words(last.text))) {
      problems.push({ at: last.at, message: "continues with a word or two: npm run db:style -- --fix" });
    }
    return problems;
  });
}

/** The text with the literals wrapped as they should be, where one of them is not. */
export function wrapLiterals(sql: string): string {
  const wrong = new Set(literalProblems(sql).map(({ at }) => statementAt(sql, at)));
  let fixed = sql;
  for (const statement of splitStatements(sql).reverse()) {
    if (!wrong.has(statement.start)) continue;
    const end = sql.indexOf(statement.text, statement.start) + statement.text.length;
    fixed = fixed.slice(0, statement.start) + wrapped(statement, piecesOf(sql, statement)) + fixed.slice(end);
  }
  return fixed;
}

const isComment = ({ action, text }: Statement): boolean =>
  action === "comment" && !text.endsWith(" is null;");

const statementAt = (sql: string, at: number): number =>
  splitStatements(sql).findLast(({ start }) => start <= at)?.start ?? -1;

/** Words, an error code being one with its status: `sign_in_required (401),`. */
const words = (text: string): string[] => text.match(/\S+(?: \(\d{3}\)[^\s']*)?/g) ?? [];

const isShort = (line: string[]): boolean => line.length < MIN_WORDS && line.join(" ").length < MIN_LENGTH;

function piecesOf(sql: string, { text, start }: Statement): Piece[] {
  return tokenize(text).filter(({ kind }) => kind === "string").map((token) => {
    const at = start + token.start;
    const lineStart = sql.lastIndexOf("\n", at) + 1;
    return {
      at,
      text: token.text.slice(1, -1),
      end: [...sql.slice(lineStart, at + token.text.length)].length,
    };
  });
}

/** `comment on … is 'all';` where that fits, else lines as full as they can be, the last not too short. */
function wrapped(statement: Statement, pieces: Piece[]): string {
  const head = statement.text.slice(0, statement.text.search(/\s*'/));
  const all = pieces.map(({ text }) => text).join("");
  const one = `${head} '${all}';`;
  if ([...one].length <= MAX_COLUMNS) return one;
  const lines: string[][] = [[]];
  for (const word of words(all)) {
    const line = lines.at(-1) ?? [];
    if (line.length > 0 && [...`  '${[...line, word].join(" ")} '`].length > MAX_COLUMNS) lines.push([word]);
    else line.push(word);
  }
  const [before, last] = [lines.at(-2), lines.at(-1) ?? []];
  while (before && isShort(last) && before.length > MIN_WORDS) last.unshift(before.pop() ?? "");
  return `${head}\n${lines.map((line) => `  '${line.join(" ")}`).join(" '\n")}';`;
}
