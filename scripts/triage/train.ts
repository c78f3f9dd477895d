import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { command, progress } from "../command.ts";
import { heading, print, table } from "../terminal.ts";
import {
  calibrated,
  calibrateHeld,
  type Corpus,
  crossValidate,
  predict,
  type Prediction,
  select,
  SHARED_IMPORTANCE,
} from "./cross-validate.ts";
import { loadCorpus, withDatabase } from "./database.ts";
import { figureRows, figuresOf } from "./figures.ts";
import { DEFAULTS, fit, type Options } from "./fit.ts";
import type { Lexicon } from "./lexicon.ts";
import { sigmoid } from "./model.ts";
import type { LabelledText } from "./texts.ts";
import { type LikelihoodBin, WEIGHTS_FILE, weightsFile } from "./weights-file.ts";

const HELP = `
npm run triage:train [-- --quick] [--url <connection string>]

Trains the weights of the triage on scripts/triage/data, reports how well they judge texts that they weren't trained on, and
writes supabase/schemas/20_tracker/20_triage/18_default_triage_weights.sql. Takes some minutes; the same sources always
give the same weights. Then: npm run db:baseline.

  --quick  keep the penalties of the last training instead of choosing them by cross-validation
  --url    a database with the schema, instead of a throw-away one
`;

const PENALTIES = [0.02, 0.04, 0.08];
const THRESHOLD = 0.8;

const logLoss = (predictions: readonly Prediction[], corpus: Corpus): number =>
  predictions.reduce(
    (sum, { logit }, at) => sum - Math.log(sigmoid(corpus.texts[at]?.is_issue ? logit : -logit)),
    0,
  ) / predictions.length;

const rightSegments = (predictions: readonly Prediction[], corpus: Corpus): number =>
  predictions.filter(({ segment }, at) => corpus.texts[at]?.segment === segment).length;

/** The penalties with the least loss and the most segments right in cross-validation. */
function chooseOptions(
  corpus: Corpus,
  lexicon: Lexicon,
  isShared: (text: LabelledText) => boolean,
): Options {
  const tried = PENALTIES.map((penalty) => {
    progress(`cross-validating with the penalty ${penalty}`);
    const held = crossValidate(corpus, lexicon, {
      ...DEFAULTS,
      issuePenalty: penalty,
      segmentPenalty: penalty,
    });
    const { scale, offset } = calibrateHeld(held, corpus, isShared);
    const lines = held.map((of) => ({ ...of, logit: scale * of.logit + offset }));
    return { penalty, loss: logLoss(lines, corpus), right: rightSegments(held, corpus) };
  });
  heading("Penalties, cross-validated");
  table(
    tried.map(({ penalty, loss, right }) => ({
      penalty,
      "log loss": loss.toFixed(4),
      "segments right": right,
    })),
    [
      "penalty",
      "log loss",
      "segments right",
    ],
  );
  return {
    ...DEFAULTS,
    issuePenalty: tried.toSorted((a, b) => a.loss - b.loss)[0]?.penalty ?? DEFAULTS.issuePenalty,
    segmentPenalty: tried.toSorted((a, b) => b.right - a.right)[0]?.penalty ?? DEFAULTS.segmentPenalty,
  };
}

/** The held-out texts by fiftieths of their likelihood; a shared text counts as it does in calibration. */
function binsOf(
  held: readonly Prediction[],
  { texts }: Corpus,
  isShared: (text: LabelledText) => boolean,
): LikelihoodBin[] {
  const bins = Array.from({ length: 50 }, () => ({ issues: 0, texts: 0 }));
  texts.forEach((text, at) => {
    const bin = bins[Math.min(49, Math.floor(sigmoid(held[at]?.logit ?? 0) * 50))];
    if (!bin) return;
    const count = isShared(text) ? SHARED_IMPORTANCE : 1;
    bin.texts += count;
    if (text.is_issue) bin.issues += count;
  });
  return bins;
}

function printFigures(title: string, corpus: Corpus, predictions: readonly Prediction[]): void {
  heading(title);
  const judged = predictions.map(({ logit, segment }) => ({ likelihood: sigmoid(logit), segment }));
  const rows = figureRows(figuresOf(corpus.texts, judged, THRESHOLD));
  table(rows.map(([what, measured, wanted]) => ({ what, measured, "wanted (floor)": wanted })), [
    "what",
    "measured",
    "wanted (floor)",
  ]);
}

async function main(args: string[]): Promise<boolean> {
  const { values } = parseArgs({ args, options: { quick: { type: "boolean" }, url: { type: "string" } } });
  return await withDatabase(values.url, async (sql) => {
    const { corpus, lexicon, isShared } = await loadCorpus(sql);
    print(`${corpus.texts.length} texts, ${lexicon.size} entries of the lexicon`);
    const options = values.quick ? DEFAULTS : chooseOptions(corpus, lexicon, isShared);
    progress("cross-validating");
    const held = crossValidate(corpus, lexicon, options);
    const line = calibrateHeld(held, corpus, isShared);
    const lined = held.map((of) => ({ ...of, logit: line.scale * of.logit + line.offset }));
    printFigures("All texts, cross-validated", corpus, lined);
    printFigures(
      "Of these the shared ones",
      select(corpus, isShared),
      lined.filter((_, at) => isShared(corpus.texts[at] as LabelledText)),
    );
    progress("training without the shared texts");
    const own = select(corpus, (text) => !isShared(text));
    const shared = select(corpus, isShared);
    const withoutShared = calibrated(
      fit(own.texts, own.seen, lexicon, options),
      calibrateHeld(crossValidate(own, lexicon, options), own, isShared),
    );
    printFigures(
      "The shared texts, by weights trained on the others",
      shared,
      predict(withoutShared, shared.seen),
    );
    progress("training with all texts");
    const weights = calibrated(fit(corpus.texts, corpus.seen, lexicon, options), line);
    const file = weightsFile(weights, binsOf(lined, corpus, isShared));
    writeFileSync(WEIGHTS_FILE, file);
    print(`\n${basename(WEIGHTS_FILE)}: ${weights.size} weights, ${JSON.stringify(options)}`);
    return true;
  });
}

await command(import.meta.main, HELP, main);
