import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import type { Sql } from "postgres";
import { command, progress } from "../command.ts";
import { ROOT } from "../local/paths.ts";
import { UserError } from "../local/user-error.ts";
import { heading, print, table } from "../terminal.ts";
import { evaluateFinding } from "./eval-finding.ts";
import { calibrateHeld, crossValidate } from "./cross-validate.ts";
import { loadCorpus, withDatabase } from "./database.ts";
import { figureRows, figuresOf, type Judgement } from "./figures.ts";
import { DEFAULTS } from "./fit.ts";
import { reliability } from "./metrics.ts";
import { sigmoid } from "./model.ts";
import { plotReliability } from "./plot.ts";
import { DATA, type LabelledText, readTexts, SHARED } from "./texts.ts";

const HELP = `
npm run triage:eval -- [<file.jsonl>…] [--plot] [--url <connection string>]

Judges labelled texts and prints how well: by default the shared ones. A file named *pairs.jsonl has problems and what others
write about them: it prints how often similar_issues and search_issues find the problem among 2,000 other issues. Texts that the weights were trained on are judged by
cross-validation, all others by the database's own functions, private.issue_likelihood and determine_segment.

  --plot   write docs/triage.svg, the reliability of the first file's likelihoods
  --url    a database with the schema, instead of a throw-away one
`;

/** Judges each text by the database, as an import does. */
async function judgeInDatabase(sql: Sql, texts: readonly LabelledText[]): Promise<Judgement[]> {
  return [
    ...await sql<Judgement[]>`
      select private.issue_likelihood(t.title, t.body) as likelihood,
        private.determine_segment(t.title, t.body) as segment
      from unnest(
        ${texts.map(({ title }) => title)}::text[], ${texts.map(({ text }) => text)}::text[]
      ) with ordinality as t (title, body, number)
      order by t.number
    `,
  ];
}

const key = ({ title, text }: LabelledText): string => JSON.stringify([title, text]);

/** Judges the texts that the weights were trained on, each by weights that weren't trained on its group. */
async function judgeTrained(sql: Sql): Promise<Map<string, Judgement>> {
  const { corpus, lexicon, isShared } = await loadCorpus(sql);
  progress("cross-validating");
  const held = crossValidate(corpus, lexicon, DEFAULTS);
  const { scale, offset } = calibrateHeld(held, corpus, isShared);
  return new Map(corpus.texts.map((text, at) => {
    const { logit = 0, segment = "" } = held[at] ?? {};
    return [key(text), { likelihood: sigmoid(scale * logit + offset), segment }];
  }));
}

/** How often the problems of a file are found by what others write about them. */
async function printFinding(sql: Sql, file: string): Promise<void> {
  heading(`${basename(file)}: found among 2,000 other issues`);
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const found = await evaluateFinding(sql, [file]);
  table(
    found.map(({ name, texts, hit1, hit5, mrr }) => ({
      by: name,
      texts,
      first: percent(hit1),
      "among five": percent(hit5),
      MRR: mrr.toFixed(2),
    })),
    ["by", "texts", "first", "among five", "MRR"],
  );
}

await command(import.meta.main, HELP, async (args) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { plot: { type: "boolean" }, url: { type: "string" } },
  });
  const files = positionals.length > 0 ? positionals : [SHARED, join(DATA, "pairs.jsonl")];
  return await withDatabase(values.url, async (sql) => {
    const [settings] = await sql<{ threshold: number }[]>`
      select triage_threshold as threshold from public.tracker_settings
    `;
    const trained = await judgeTrained(sql);
    for (const [number, file] of files.entries()) {
      if (file.endsWith("pairs.jsonl")) {
        await printFinding(sql, file);
        continue;
      }
      const texts = readTexts(file);
      if (texts.length === 0) {
        throw new UserError(`${file} has no texts.`, "Name a file with one text a line.");
      }
      const inDatabase = await judgeInDatabase(sql, texts);
      const judged = texts.map((text, at) =>
        trained.get(key(text)) ?? inDatabase[at] ?? { likelihood: 0, segment: "" }
      );
      const known = texts.filter((text) => trained.has(key(text))).length;
      const rows = figureRows(figuresOf(texts, judged, settings?.threshold ?? 0.8));
      heading(`${basename(file)}: ${texts.length} texts, ${known} of them cross-validated`);
      table(rows.map(([what, measured, wanted]) => ({ what, measured, "wanted (floor)": wanted })), [
        "what",
        "measured",
        "wanted (floor)",
      ]);
      if (values.plot && number === 0) {
        const bins = reliability(
          judged.map(({ likelihood }) => likelihood),
          texts.map(({ is_issue }) => is_issue),
        );
        writeFileSync(join(ROOT, "docs/triage.svg"), plotReliability(bins));
        print("\ndocs/triage.svg is written");
      }
    }
    return true;
  });
});
