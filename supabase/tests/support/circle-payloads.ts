import fc from "fast-check";
import { envelope } from "./circle-envelopes.ts";
import type { Edit, Json, Snapshot } from "./circle-model.ts";
import { flat, headless, headlessThread, post } from "./circle-records.ts";
import { type Family, type Payload, type Plan, rootId, ROOTS } from "./circle-values.ts";

/** One call of the import, with a payload or an array of them; or an edit by a person. */
export type Step =
  | { payload: Json; snapshots: Snapshot[] }
  | { edit: Edit };

const FAMILIES: Record<Family, (plan: Plan) => fc.Arbitrary<Payload>> = {
  envelope,
  flat,
  headless,
  "headless thread": headlessThread,
  post,
};

/** Sequences of imports and of edits by people, over a few messages. */
export function sequences(plan: Plan): fc.Arbitrary<Step[]> {
  const one = fc.oneof(...plan.families.map((family) => FAMILIES[family](plan)));
  const alone = one.map(({ payload, snapshots }): Step => ({ payload, snapshots }));
  const several = fc.array(one, { minLength: 1, maxLength: 3 }).map((all): Step => ({
    payload: all.map(({ payload }) => payload),
    snapshots: all.flatMap(({ snapshots }) => snapshots),
  }));
  const edit = fc.record({
    at: fc.nat({ max: ROOTS - 1 }),
    column: fc.constantFrom("title", "description", "segment"),
  }).map(({ at, column }): Step => ({
    edit: {
      kind: "edit",
      id: String(rootId(plan, at)),
      column: column as Edit["column"],
      value: column === "segment" ? "tool" : "Written by hand",
    },
  }));
  const step = fc.oneof(
    { weight: 5, arbitrary: alone },
    { weight: 1, arbitrary: several },
    ...plan.withEdits ? [{ weight: 1, arbitrary: edit }] : [],
  );
  // one step may come a second time, somewhere later
  return fc.record({
    steps: fc.array(step, { minLength: 1, maxLength: 4 }),
    again: fc.array(fc.nat({ max: 3 }), { maxLength: 1 }),
  }).map(({ steps, again }) => [...steps, ...again.map((at) => steps[at % steps.length] as Step)]);
}

/** Single payloads of every shape. */
export const payloads = (base: number): fc.Arbitrary<Json> =>
  fc.oneof(
    ...Object.values(FAMILIES).map((family) =>
      family({ families: [], base, withEdits: false, isSettled: true })
    ),
  )
    .map(({ payload }) => payload);
