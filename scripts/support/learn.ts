import { minimize } from "../triage/minimize.ts";
import { sigmoid } from "../triage/model.ts";
import type { Judged } from "./judge.ts";

/** What each feature of a found answer says for it. */
export type Weights = ReadonlyMap<string, number>;

/** A judged question, and how much it counts. */
export interface Example {
  readonly judged: Judged;
  readonly importance: number;
}

const CONSTANT = "(constant)";
/** On the squares of the weights of features whose deviation is one. */
const PENALTY = 1;
export const FOLDS = 5;

export const isRight = ({ position }: Judged): boolean => position === 1;

/** The confidence that these weights give, as private.answer_confidence computes it. */
export function confidenceOf(weights: Weights, { features }: Judged): number {
  if (features.size === 0) return 0;
  let logit = 0;
  for (const [feature, value] of features) logit += (weights.get(feature) ?? 0) * value;
  return sigmoid(logit);
}

/** A logistic regression for whether the first answer that was found is right, with a penalty on the weights. */
export function learn(examples: readonly Example[]): Weights {
  const found = examples.filter(({ judged }) => judged.features.size > 0);
  const names = [...found[0]?.judged.features.keys() ?? []].filter((name) => name !== CONSTANT);
  const columns = names.map((name) => found.map(({ judged }) => judged.features.get(name) ?? 0));
  const means = columns.map((column) => column.reduce((sum, value) => sum + value, 0) / column.length);
  const deviations = columns.map((column, at) =>
    Math.sqrt(column.reduce((sum, value) => sum + (value - (means[at] ?? 0)) ** 2, 0) / column.length) || 1
  );
  const rows = found.map((_, row) =>
    columns.map((column, at) => ((column[row] ?? 0) - (means[at] ?? 0)) / (deviations[at] ?? 1))
  );
  const scaled = minimize(names.length + 1, (x, gradient) => {
    gradient.fill(0);
    let loss = 0;
    rows.forEach((row, number) => {
      const { judged, importance } = found[number] as Example;
      const logit = row.reduce((sum, value, at) => sum + value * (x[at + 1] ?? 0), x[0] ?? 0);
      const right = isRight(judged);
      loss -= importance * Math.log(Math.max(sigmoid(right ? logit : -logit), 1e-12));
      const slope = importance * (sigmoid(logit) - (right ? 1 : 0));
      gradient[0] = (gradient[0] ?? 0) + slope;
      row.forEach((value, at) => gradient[at + 1] = (gradient[at + 1] ?? 0) + slope * value);
    });
    for (let at = 1; at < x.length; at++) {
      loss += PENALTY / 2 * (x[at] ?? 0) ** 2;
      gradient[at] = (gradient[at] ?? 0) + PENALTY * (x[at] ?? 0);
    }
    return loss;
  });
  const weights = new Map(names.map((name, at) => [name, (scaled[at + 1] ?? 0) / (deviations[at] ?? 1)]));
  const constant = names.reduce(
    (sum, name, at) => sum - (weights.get(name) ?? 0) * (means[at] ?? 0),
    scaled[0] ?? 0,
  );
  return new Map([[CONSTANT, constant], ...weights]);
}

/** The fold of a question, of its group: it doesn't depend on the other questions. */
export function foldOf(group: string): number {
  let hash = 2166136261;
  for (const character of group) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16777619) >>> 0;
  return (hash >>> 8) % FOLDS;
}

/** The confidence of each question by weights that weren't trained on its group. */
export function crossValidate(examples: readonly Example[]): number[] {
  const folds = Array.from(
    { length: FOLDS },
    (_, fold) => learn(examples.filter(({ judged }) => foldOf(judged.question.group) !== fold)),
  );
  return examples.map(({ judged }) =>
    confidenceOf(folds[foldOf(judged.question.group)] ?? new Map(), judged)
  );
}
