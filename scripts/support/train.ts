import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Sql } from "postgres";
import { command, progress } from "../command.ts";
import { print, table } from "../terminal.ts";
import { withDatabase } from "../triage/database.ts";
import { readTexts, trainingFiles } from "../triage/texts.ts";
import { trainingCases } from "./cases.ts";
import { figureRow, figuresOf } from "./figures.ts";
import { judgeCase } from "./judge.ts";
import { crossValidate, type Example, learn } from "./learn.ts";
import { COMMON_WORDS_FILE, commonWordsFile, WEIGHTS_FILE, weightsFile } from "./weights-file.ts";

const HELP = `
npm run answers:train [-- --words] [--save <file>] [--url <connection string>]

Trains the confidence of find_answers, reports how well it judges questions that it wasn't trained on, and writes
supabase/schemas/60_support/30_answers/33_default_answer_weights.sql. Takes some minutes; the same sources always give the same
weights. Then: npm run db:baseline.

  --words        count the common words instead, and write 25_default_common_words.sql; train after that
  --save <file>  also write what was found, as JSON
  --url          a database with the schema and no answers, instead of a throw-away one
`;

const THRESHOLD = 0.5;
/** Words of fewer texts are as rare as those of none. */
const RAREST = 6;

async function writeCommonWords(sql: Sql): Promise<void> {
  const texts = trainingFiles().flatMap(readTexts).map(({ text }) => text);
  const words = await sql<{ word: string; share: number }[]>`
    with text as materialized (
      select distinct l.lexeme, t.number
      from unnest(${texts}::text[]) with ordinality as t (text, number)
      cross join lateral unnest(private.search_vector(t.text, 12000)) as l
    )
    select t.lexeme as word, count(*)::double precision / ${texts.length} as share
    from text as t group by t.lexeme having count(*) >= ${RAREST} order by t.lexeme collate "C"
  `;
  writeFileSync(COMMON_WORDS_FILE, commonWordsFile(words));
  print(`${words.length} words of ${texts.length} texts`);
}

/** Judges all cases; the figures of each name together. */
async function judgeAll(sql: Sql): Promise<(Example & { name: string })[]> {
  const examples: (Example & { name: string })[] = [];
  const cases = trainingCases();
  for (const [at, each] of cases.entries()) {
    progress(`${at + 1} of ${cases.length}: ${each.name}`);
    for (const judged of await judgeCase(sql, each)) {
      examples.push({ name: each.name, judged, importance: each.importance });
    }
  }
  return examples;
}

await command(import.meta.main, HELP, async (args) => {
  const { values } = parseArgs({
    args,
    options: { words: { type: "boolean" }, save: { type: "string" }, url: { type: "string" } },
  });
  return await withDatabase(values.url, async (sql) => {
    if (values.words) {
      await writeCommonWords(sql);
      return true;
    }
    const examples = await judgeAll(sql);
    const held = crossValidate(examples);
    if (values.save) {
      writeFileSync(
        values.save,
        JSON.stringify(examples.map(({ name, judged, importance }, at) => ({
          name,
          importance,
          held: held[at],
          ...judged,
          features: Object.fromEntries(judged.features),
        }))),
      );
    }
    const names = [...new Set(examples.map(({ name }) => name))];
    table(
      names.map((name) => {
        const at = examples.flatMap((example, number) => (example.name === name ? [number] : []));
        return figureRow(
          name,
          figuresOf(at.flatMap((n) => examples[n]?.judged ?? []), at.map((n) => held[n] ?? 0), THRESHOLD),
        );
      }),
      [
        "asked among",
        "questions",
        "right one first",
        "among three",
        "answered",
        "of these right",
        "without source, declined",
      ],
    );
    const before = readFileSync(WEIGHTS_FILE, "utf8");
    writeFileSync(WEIGHTS_FILE, weightsFile(learn(examples)));
    print(
      before === readFileSync(WEIGHTS_FILE, "utf8")
        ? "\nthe weights are the same"
        : "\nthe weights are written",
    );
    return true;
  });
});
