import { minimize } from "./minimize.ts";

/**
 * A text as the numbers of its features. `norm` is one by the root of how many it has, repeated ones too, so that long texts
 * aren't surer. A number that stands twice counts twice: the classes of the lexicon do so.
 */
export interface Example {
  features: Int32Array;
  norm: number;
}

/** For each class the weights by number of the feature, and a constant. */
export interface Linear {
  weights: Float64Array[];
  biases: number[];
}

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Probabilities out of scores. */
function softmax(of: readonly number[]): number[] {
  const top = Math.max(...of);
  const parts = of.map((score) => Math.exp(score - top));
  const sum = parts.reduce((total, part) => total + part, 0);
  return parts.map((part) => part / sum);
}

/**
 * Multinomial logistic regression with a penalty on the squares of the weights, not on the constants. With two
 * classes, of which the second has no weights, it is logistic regression. `importance` is how much each example counts.
 */
export function train(
  examples: readonly Example[],
  labels: readonly number[],
  classes: number,
  penalties: Float64Array,
  importance: readonly number[],
): Linear {
  const size = penalties.length;
  const columns = classes === 2 ? 1 : classes;
  const width = size + 1;
  const x = minimize(columns * width, (at, gradient) => {
    gradient.fill(0);
    let value = 0;
    examples.forEach(({ features, norm }, index) => {
      const sums = Array.from({ length: columns }, (_, column) => {
        let sum = 0;
        for (const feature of features) sum += at[column * width + feature] ?? 0;
        return (at[column * width + size] ?? 0) + sum * norm;
      });
      const label = labels[index] ?? 0;
      const weight = importance[index] ?? 1;
      const shares = softmax(columns === 1 ? [...sums, 0] : sums);
      value -= weight * Math.log(Math.max(1e-300, shares[label] ?? 0));
      for (let column = 0; column < columns; column++) {
        const error = weight * ((shares[column] ?? 0) - Number(label === column));
        const step = error * norm;
        for (const feature of features) {
          gradient[column * width + feature] = (gradient[column * width + feature] ?? 0) + step;
        }
        gradient[column * width + size] = (gradient[column * width + size] ?? 0) + error;
      }
    });
    for (let column = 0; column < columns; column++) {
      for (let feature = 0; feature < size; feature++) {
        const weight = at[column * width + feature] ?? 0;
        const penalty = penalties[feature] ?? 0;
        value += 0.5 * penalty * weight * weight;
        gradient[column * width + feature] = (gradient[column * width + feature] ?? 0) + penalty * weight;
      }
    }
    return value;
  });
  return {
    weights: Array.from({ length: columns }, (_, column) => x.slice(column * width, column * width + size)),
    biases: Array.from({ length: columns }, (_, column) => x[column * width + size] ?? 0),
  };
}
