import type { Seen } from "./features.ts";
import type { Lexicon } from "./lexicon.ts";
import { type Example, type Linear, train } from "./model.ts";
import { type LabelledText, SEGMENTS } from "./texts.ts";

/** The weights of a feature: issue, auth, code, tool, misc. */
export type Weights = Map<string, number[]>;

/** The name of the feature that every text has. */
export const CONSTANT = "(constant)";

export interface Options {
  /** The penalty on the squares of weights, for whether a text is an issue. */
  issuePenalty: number;
  /** The same for its segment. */
  segmentPenalty: number;
  /** Weights below these, multiplied by the root of how often a feature occurs, are left out. */
  issueFloor: number;
  segmentFloor: number;
  /** Features that fewer texts have are left out of training, and so of the weights. */
  rarest: number;
}

export const DEFAULTS: Options = {
  issuePenalty: 0.02,
  segmentPenalty: 0.08,
  issueFloor: 2.5,
  segmentFloor: 2,
  rarest: 2,
};

/** The shared texts are mixed as a community's are, the others are harder: each counts as three of them. */
const importanceOf = ({ isShared }: { isShared?: boolean | undefined }): number => (isShared ? 3 : 1);

/** The penalty on the weights of lexicon classes, and of features that hold of a whole text, to that of a word. */
const CLASS_FACTOR = 0.5;
const WHOLE_FACTOR = 0.3;

/** Classes of the lexicon that say nothing about a segment. */
const NEUTRAL = new Set(["greet", "people", "thanks", "please", "help", "praise", "laugh", "intro"]);

interface Column {
  linear: Linear;
  /** By number of the feature. */
  names: string[];
  counts: number[];
}

/** Trains one model over lists of features, each with the classes of the lexicon. */
function fitColumn(
  lists: readonly { features: readonly string[]; length: number }[],
  labels: readonly number[],
  classes: number,
  lexicon: Lexicon,
  penalty: number,
  rarest: number,
  importance: readonly number[],
): Column {
  const frequencies = new Map<string, number>();
  for (const { features } of lists) {
    for (const feature of new Set(features)) frequencies.set(feature, (frequencies.get(feature) ?? 0) + 1);
  }
  const numbers = new Map<string, number>();
  const counts: number[] = [];
  const numberOf = (feature: string): number => {
    const number = numbers.get(feature) ?? numbers.size;
    numbers.set(feature, number);
    counts[number] = (counts[number] ?? 0) + 1;
    return number;
  };
  const examples: Example[] = lists.map(({ features, length }) => ({
    features: Int32Array.from([...new Set(features)].flatMap((feature) => [
      ...(frequencies.get(feature) ?? 0) < rarest ? [] : [numberOf(feature)],
      ...classesOf(feature, lexicon).map((name) => numberOf(name)),
    ])),
    norm: 1 / Math.sqrt(Math.max(1, length)),
  }));
  const names = [...numbers.keys()];
  const penalties = Float64Array.from(
    names,
    (name) => penalty * (name.startsWith("@") ? CLASS_FACTOR : name.startsWith("(") ? WHOLE_FACTOR : 1),
  );
  return { linear: train(examples, labels, classes, penalties, importance), names, counts };
}

/** The classes of a feature; those of a first word are classes of their own. */
const classesOf = (feature: string, lexicon: Lexicon): string[] =>
  /^\^\S/.test(feature)
    ? (lexicon.get(feature.slice(1)) ?? []).map((name) => `@^${name}`)
    : (lexicon.get(feature) ?? []).map((name) => `@${name}`);

/** A column's weights with those of the classes added to each of their words, also those that no text has. */
function unfold({ linear, names, counts }: Column, lexicon: Lexicon, floor: number): Map<string, number[]> {
  const number = new Map(names.map((name, at) => [name, at]));
  const weightsOf = (feature: string): number[] =>
    linear.weights.map((column) => {
      const at = number.get(feature);
      let weight = at === undefined ? 0 : column[at] ?? 0;
      for (const name of classesOf(feature, lexicon)) {
        const of = number.get(name);
        if (of !== undefined) weight += column[of] ?? 0;
      }
      return weight;
    });
  const features = new Set([...names.filter((name) => !name.startsWith("@")), ...lexicon.keys()]);
  const unfolded = new Map<string, number[]>([[CONSTANT, linear.biases]]);
  for (const feature of features) {
    const weights = weightsOf(feature);
    const count = counts[number.get(feature) ?? -1] ?? 0;
    const size = Math.max(0, ...weights) - Math.min(0, ...weights);
    if (size * Math.sqrt(Math.max(1, count)) >= floor) unfolded.set(feature, weights);
  }
  return unfolded;
}

/** Trains all weights. */
export function fit(
  texts: readonly LabelledText[],
  seen: readonly Seen[],
  lexicon: Lexicon,
  options: Options,
): Weights {
  const issue = unfold(
    fitColumn(
      seen.map(({ features }) => ({ features, length: features.length })),
      texts.map(({ is_issue }) => (is_issue ? 0 : 1)),
      2,
      lexicon,
      options.issuePenalty,
      options.rarest,
      texts.map(importanceOf),
    ),
    lexicon,
    options.issueFloor,
  );
  // A segment is judged by single words, without those that say nothing about it.
  const words = new Map(
    [...lexicon].filter(([feature, names]) =>
      !feature.includes(" ") && !names.some((name) => NEUTRAL.has(name))
    ),
  );
  const issues = texts.flatMap(({ segment: of }, at) =>
    of === null ? [] : [{
      label: SEGMENTS.indexOf(of),
      words: seen[at]?.words ?? [],
      importance: importanceOf(texts[at] ?? { isShared: false }),
    }]
  );
  const segment = unfold(
    fitColumn(
      issues.map(({ words: all }) => ({
        features: all.filter((word) => word !== "." && (words.has(word) || !lexicon.has(word))),
        length: all.length,
      })),
      issues.map(({ label }) => label),
      SEGMENTS.length,
      words,
      options.segmentPenalty,
      1,
      issues.map(({ importance }) => importance),
    ),
    words,
    options.segmentFloor,
  );
  return new Map([...new Set([...issue.keys(), ...segment.keys()])].map((feature) => [
    feature,
    [issue.get(feature)?.[0] ?? 0, ...segment.get(feature) ?? SEGMENTS.map(() => 0)],
  ]));
}

const sum = (weights: Weights, features: readonly string[], column: number): number =>
  (weights.get(CONSTANT)?.[column] ?? 0) +
  [...new Set(features)].reduce((total, feature) => total + (weights.get(feature)?.[column] ?? 0), 0) /
    Math.sqrt(Math.max(1, features.length));

/** The logit of a text's likelihood, as private.issue_likelihood computes it. */
export const logitOf = (weights: Weights, { features }: Seen): number => sum(weights, features, 0);

/** The segment of a text, as private.determine_segment finds it without rules. */
export function segmentOf(weights: Weights, { words }: Seen): string {
  const scores = SEGMENTS.map((_, at) => sum(weights, words, at + 1));
  return SEGMENTS[scores.indexOf(Math.max(...scores))] ?? "misc";
}
