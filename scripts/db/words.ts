import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { command, report } from "../command.ts";
import { ROOT } from "../local/paths.ts";

const HELP = `
npm run words [-- <part of a path>…]

Holds SQL, TypeScript and documents to the words of the PostgreSQL and Supabase documentation: names what scripts/db/words.ts
refuses, with the word to write instead. A line that needs a refused word ends with "words-ok: <reason>" in a comment.
`;

export interface WordProblem {
  /** From 1. */
  line: number;
  message: string;
}

/** What is refused, as far as a pattern can decide it, and what to write instead. */
const WORDS: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bmend(s|ed|ing)?\b/i, "fix, repair or correct"],
  [/\banew\b/i, "again, or rebuild, re-encrypt, …"],
  [
    /\b(take|await|hold|wait for)s?[ _](a |its |the |their |one )?turns?\b|\bturns? of\b/i,
    "lock, lock key or serialize",
  ],
  [/\bstand-ins?\b|\bstands? in for\b/i, "emulator, emulate, local stack or fake"],
  [/\btime-outs?\b/i, "timeout"],
  [/\bfor ever\b/i, "forever"],
  [/(?<!\bthere )\b(is|are|was|were) none\b/i, "does not exist, or is not one of"],
  [
    /(?<!\b(there|where|here|that) )\b(is|are|was|were) no\b(?! (longer|more|less|later|sooner|larger|better|worse|need|way|different)\b)/i,
    "is not a, or does not exist",
  ],
  [/\bbeside\b/i, "next to"],
  [/\bin words\b/i, "as text"],
  [/\bby the clock\b/i, "scheduled"],
  [/\bwhat (is|are|was|were|stands|stood) there\b/i, "the existing value, the current row"],
  [/\b(that|which|who) (is|are|was|were) there\b/i, "existing, current"],
  [/\broom for\b|\b(no|without|free|enough) room\b/i, "capacity, limit or slots"],
  [/\bpassing (failure|error|fault|problem)/i, "transient"],
  [/\b(a|the|no|every|any|in|into) circles?\b(?![-_/.])|\bcircles\b/, "cycle"],
  [/\bworked on\b|\bworked_on\b/i, "processed, handled"],
  [
    /\bone (row|line|test|file|job|call|entry|policy|event|message|transaction|lock|index) an? /i,
    "one … per …",
  ],
  [/\bBody of public\./, "nothing: the public function has the comment"],
];

/** Verbs of private functions that mean several things, with what CONTRIBUTING.md has for each. */
const VERBS: Readonly<Record<string, string>> = {
  await: "lock",
  doubt: "unverify",
  forget: "clear",
  hold: "lock or ensure",
  judge: "triage",
  keep: "set, sync, ensure or record",
  know: "register",
  meet: "complete",
  mend: "repair",
  pass: "advance",
  put: "sync",
  read: "parse (a text) or load (a table)",
  refuse: "reject or raise",
  take: "claim or lock",
};

/** Names that begin with such a word all the same, each with its reason. */
const NAMES = new Map([
  ["read_secret", "the body of public.read_secret, which servers call"],
  ["forget_user", "the body of support.forget_user: the right to be forgotten"],
  ["take_escalation", "the body of support.take_escalation: helpdesks' word for it"],
]);

const VERB = new RegExp(`\\bprivate\\.((${Object.keys(VERBS).join("|")})_\\w+)`, "g");

/** The lines of a text that have a refused word. */
export function wordProblems(text: string): WordProblem[] {
  return text.split("\n").flatMap((content, index, lines) => {
    if (content.includes("words-ok: ")) return [];
    // what comes before a word may be at the end of the line above: there | is none
    const above = `${lines[index - 1]?.match(/\w+$/)?.[0] ?? ""} `;
    const line = above + content.replace(/^[\s*/-]+/, "");
    const found = WORDS.flatMap(([pattern, instead]) => {
      const match = pattern.exec(line);
      if (match === null || match.index + match[0].length <= above.length) return [];
      return [`${JSON.stringify(match[0].trim())}: write ${instead}`];
    });
    const verbs = [...content.matchAll(VERB)].flatMap(([, name = "", verb = ""]) =>
      NAMES.has(name) ? [] : [`private.${name}: not ${verb}, but ${VERBS[verb]}`]
    );
    return [...found, ...verbs].map((message) => ({ line: index + 1, message }));
  });
}

const FILES = [
  "*.md",
  "{docs,supabase,scripts,examples,.ci,.github}/**/*.{md,sql,psql,ts,yml,toml}",
  ".ci/run",
];
/** What is generated, and what has the words because it refuses them. */
const LEFT_OUT = [
  "**/node_modules/**",
  "supabase/migrations/**",
  "supabase/types/**",
  "scripts/db/words{,.test}.ts",
];

/** What is refused in the project, as `file:line: message`. */
export function checkWords(root = ROOT, parts: string[] = []): string[] {
  const files = [...new Set(globSync(FILES, { cwd: root, exclude: LEFT_OUT }))].sort()
    .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)));
  return files.flatMap((file) =>
    wordProblems(readFileSync(join(root, file), "utf8")).map(({ line, message }) =>
      `${file}:${line}: ${message}`
    )
  );
}

await command(import.meta.main, HELP, (args) => {
  const { positionals } = parseArgs({ args, allowPositionals: true });
  return Promise.resolve(report("words", checkWords(ROOT, positionals)));
});
