/** A function to minimize: returns its value at `x` and writes its gradient into `gradient`. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

const MEMORY = 8;

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at] ?? 0) * (b[at] ?? 0);
  return sum;
};

/** `y += factor × x`. */
const add = (y: Float64Array, factor: number, x: Float64Array): void => {
  for (let at = 0; at < y.length; at++) y[at] = (y[at] ?? 0) + factor * (x[at] ?? 0);
};

interface Step {
  s: Float64Array;
  y: Float64Array;
  rho: number;
}

/** The direction of L-BFGS (Nocedal and Wright, algorithm 7.4), negated. */
function direction(gradient: Float64Array, steps: readonly Step[]): Float64Array {
  const q = gradient.slice();
  const alphas: number[] = [];
  for (const { s, y, rho } of steps.toReversed()) {
    const alpha = rho * dot(s, q);
    alphas.unshift(alpha);
    add(q, -alpha, y);
  }
  const last = steps.at(-1);
  if (last) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    for (let at = 0; at < q.length; at++) q[at] = (q[at] ?? 0) * scale;
  }
  steps.forEach(({ s, y, rho }, at) => add(q, (alphas[at] ?? 0) - rho * dot(y, q), s));
  return q;
}

/**
 * Minimizes a convex function by L-BFGS from zero, in at most `rounds` steps: the same input always gives the
 * same result. Ends when the largest part of the gradient is below `tolerance`.
 */
export function minimize(size: number, objective: Objective, rounds = 200, tolerance = 1e-4): Float64Array {
  let x = new Float64Array(size);
  let gradient = new Float64Array(size);
  let value = objective(x, gradient);
  const steps: Step[] = [];
  for (let round = 0; round < rounds; round++) {
    if (gradient.every((part) => Math.abs(part) < tolerance)) break;
    const down = direction(gradient, steps);
    const slope = -dot(down, gradient);
    let length = steps.length === 0 ? 1 / Math.sqrt(dot(gradient, gradient)) : 1;
    const next = new Float64Array(size);
    const nextGradient = new Float64Array(size);
    let nextValue = value;
    for (let halving = 0; halving < 30; halving++, length /= 2) {
      next.set(x);
      add(next, -length, down);
      nextValue = objective(next, nextGradient);
      if (nextValue <= value + 1e-4 * length * slope) break;
    }
    const s = next.slice();
    add(s, -1, x);
    const y = nextGradient.slice();
    add(y, -1, gradient);
    const curvature = dot(s, y);
    if (curvature > 1e-12) steps.push({ s, y, rho: 1 / curvature });
    if (steps.length > MEMORY) steps.shift();
    const gain = value - nextValue;
    [x, gradient, value] = [next, nextGradient, nextValue];
    if (gain < 1e-9 * Math.abs(value)) break;
  }
  return x;
}
