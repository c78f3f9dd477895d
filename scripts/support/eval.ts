import { basename } from "node:path";
import { parseArgs } from "node:util";
import type { Sql } from "postgres";
import { command } from "../command.ts";
import { print, table } from "../terminal.ts";
import { withDatabase } from "../triage/database.ts";
import { type Case, otherSources, sourcesOf } from "./cases.ts";
import { figureRow, figuresOf } from "./figures.ts";
import { judgeCase } from "./judge.ts";
import { OWN_PAIRS, questionsOf, readPairs, SHARED_PAIRS, sharedMessages } from "./questions.ts";

const HELP = `
npm run answers:eval -- [<pairs.jsonl>…] [--others <count>] [--missed] [--url <connection string>]

Puts questions to find_answers: by default those of the shared problems and of our own, each among its own answers, with the
questions of the other and the shared messages as questions without a source. A file has one problem a line: {id, title,
description, same: [{lang, text}]}. By the weights of the database; train.ts prints the same cross-validated.

  --others <count>  how many other answers there are in the second line of each; default 2000
  --missed          list the questions that were answered wrongly
  --url             a database with the schema and no answers, instead of a throw-away one
`;

const COLUMNS = [
  "asked among",
  "questions",
  "right one first",
  "among three",
  "answered",
  "of these right",
  "without source, declined",
];

/** The cases of files: each among its own answers, and among others too. */
function evaluationCases(files: readonly string[], others: number): Case[] {
  const other = otherSources(others);
  return files.flatMap((file) => {
    const pairs = readPairs(file);
    const strangers = [SHARED_PAIRS, OWN_PAIRS].filter((known) => known !== file).flatMap(readPairs);
    const questions = [...questionsOf([...pairs, ...strangers]), ...sharedMessages()];
    const name = basename(file, ".jsonl");
    return [
      { name, sources: sourcesOf(pairs), questions, importance: 1 },
      ...others === 0 ? [] : [{
        name: `${name}, ${others} others`,
        sources: [...sourcesOf(pairs), ...other],
        questions,
        importance: 1,
      }],
    ];
  });
}

async function evaluate(sql: Sql, cases: readonly Case[], lists: boolean): Promise<void> {
  const [settings] = await sql<{ threshold: number }[]>`
    select answer_confidence::double precision as threshold from support.settings
  `;
  const threshold = settings?.threshold ?? 0.5;
  const rows: Record<string, string>[] = [];
  for (const each of cases) {
    const judged = await judgeCase(sql, each);
    rows.push({
      ...figureRow(each.name, figuresOf(judged, judged.map(({ confidence }) => confidence), threshold)),
    });
    if (!lists) continue;
    for (const { question, confidence, position } of judged) {
      if (confidence < threshold || position === 1) continue;
      print(`${each.name}: ${confidence.toFixed(2)} ${question.text.slice(0, 120).replaceAll("\n", " ")}`);
    }
  }
  table(rows, COLUMNS);
}

await command(import.meta.main, HELP, async (args) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      others: { type: "string", default: "2000" },
      missed: { type: "boolean", default: false },
      url: { type: "string" },
    },
  });
  const files = positionals.length > 0 ? positionals : [SHARED_PAIRS, OWN_PAIRS];
  return await withDatabase(values.url, async (sql) => {
    await evaluate(sql, evaluationCases(files, Number(values.others)), values.missed);
    return true;
  });
});
