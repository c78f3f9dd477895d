import type { Seen } from "./features.ts";
import { CONSTANT, fit, logitOf, type Options, segmentOf, type Weights } from "./fit.ts";
import type { Lexicon } from "./lexicon.ts";
import { minimize } from "./minimize.ts";
import { sigmoid } from "./model.ts";
import { foldOf, type LabelledText } from "./texts.ts";

/** Texts with what the database sees in them. */
export interface Corpus {
  texts: LabelledText[];
  seen: Seen[];
}

/** What was predicted of a text by weights that weren't trained on its group. */
export interface Prediction {
  logit: number;
  segment: string;
}

const FOLDS = 5;

export const select = ({ texts, seen }: Corpus, isWanted: (text: LabelledText) => boolean): Corpus => ({
  texts: texts.filter(isWanted),
  seen: seen.filter((_, at) => {
    const text = texts[at];
    return text !== undefined && isWanted(text);
  }),
});

export const predict = (weights: Weights, seen: readonly Seen[]): Prediction[] =>
  seen.map((of) => ({ logit: logitOf(weights, of), segment: segmentOf(weights, of) }));

/** Predicts each text by weights trained on the other folds. */
export function crossValidate(corpus: Corpus, lexicon: Lexicon, options: Options): Prediction[] {
  const predictions: Prediction[] = [];
  for (let fold = 0; fold < FOLDS; fold++) {
    const others = select(corpus, (text) => foldOf(text, FOLDS) !== fold);
    const weights = fit(others.texts, others.seen, lexicon, options);
    corpus.texts.forEach((text, at) => {
      const of = corpus.seen[at];
      if (of && foldOf(text, FOLDS) === fold) {
        predictions[at] = { logit: logitOf(weights, of), segment: segmentOf(weights, of) };
      }
    });
  }
  return predictions;
}

/** A line through the logits. */
export interface Calibration {
  scale: number;
  offset: number;
}

/**
 * Platt's calibration: the scale and offset of logits with the least log loss. The targets are his, so
 * that a perfect order doesn't give certainty. `importance` is how much each text counts.
 */
export function calibrate(
  logits: readonly number[],
  isIssue: readonly boolean[],
  importance?: readonly number[],
): Calibration {
  const yes = isIssue.filter(Boolean).length;
  const targets = isIssue.map((is) => (is ? (yes + 1) / (yes + 2) : 1 / (isIssue.length - yes + 2)));
  const [scale = 1, offset = 0] = minimize(2, (at, gradient) => {
    const [a = 0, b = 0] = at;
    let loss = 0;
    gradient.fill(0);
    logits.forEach((x, index) => {
      const z = a * x + b;
      const target = targets[index] ?? 0;
      const weight = importance?.[index] ?? 1;
      loss += weight * (Math.max(z, 0) - z * target + Math.log1p(Math.exp(-Math.abs(z))));
      const error = weight * (sigmoid(z) - target);
      gradient[0] = (gradient[0] ?? 0) + error * x;
      gradient[1] = (gradient[1] ?? 0) + error;
    });
    return loss;
  });
  return { scale, offset };
}

/** How much a shared text counts in calibration: the shared texts are mixed as a community's are, the others are harder. */
export const SHARED_IMPORTANCE = 5;

/** Calibrates predictions of texts by weights that weren't trained on them. */
export function calibrateHeld(
  held: readonly Prediction[],
  { texts }: Corpus,
  isShared: (text: LabelledText) => boolean,
): Calibration {
  return calibrate(
    held.map(({ logit }) => logit),
    texts.map(({ is_issue }) => is_issue),
    texts.map((text) => (isShared(text) ? SHARED_IMPORTANCE : 1)),
  );
}

/** Weights whose logits are calibrated. */
export const calibrated = (weights: Weights, { scale, offset }: Calibration): Weights =>
  new Map([...weights].map(([feature, [issue = 0, ...segments]]) => [
    feature,
    [issue * scale + (feature === CONSTANT ? offset : 0), ...segments],
  ]));
