import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { useDatabase } from "../../supabase/tests/support/database.ts";
import { otherSources, sourcesOf } from "./cases.ts";
import { figuresOf } from "./figures.ts";
import { judgeCase, type Judged } from "./judge.ts";
import { confidenceOf, learn } from "./learn.ts";
import {
  otherMessages,
  OWN_PAIRS,
  questionsOf,
  readPairs,
  SHARED_PAIRS,
  sharedMessages,
} from "./questions.ts";
import { digestOfSources, WEIGHTS_FILE } from "./weights-file.ts";

// How often a question finds its answer, and whether the confidence is to be trusted: the floors.

const shared = readPairs(SHARED_PAIRS);
const own = readPairs(OWN_PAIRS);
const everybody = questionsOf([...shared, ...own]);

const sql = await useDatabase();

const confidences = (judged: readonly Judged[]): number[] => judged.map(({ confidence }) => confidence);

test.each([0, 300])(
  "shared questions find their answers, with %i others",
  async (others) => {
    const judged = await judgeCase(sql, {
      name: "shared",
      sources: [...sourcesOf(shared), ...otherSources(others)],
      questions: everybody,
      importance: 1,
    });
    const figures = figuresOf(judged, confidences(judged), 0.5);
    expect(figures.first).toBeGreaterThanOrEqual(0.68);
    expect(figures.amongThree).toBeGreaterThanOrEqual(0.8);
    expect(figures.answered).toBeGreaterThanOrEqual(0.5);
    expect(figures.right).toBeGreaterThanOrEqual(0.94);
    expect(figures.declined).toBeGreaterThanOrEqual(0.9);
    expect(await sql`select from private.answer_passages`).toHaveLength(0);
  },
);

test("messages that nothing answers are declined", async () => {
  const judged = await judgeCase(sql, {
    name: "messages",
    sources: sourcesOf(shared),
    questions: sharedMessages(),
    importance: 1,
  });
  expect(figuresOf(judged, confidences(judged), 0.5).declined).toBeGreaterThanOrEqual(0.9);
});

test(
  "weights trained without the shared problems hold the targets on them",
  async () => {
    const examples = [];
    for (
      const [sources, questions] of [
        [sourcesOf(own), questionsOf(own)],
        [sourcesOf(own), otherMessages().slice(0, 200)],
        ...[0, 1, 2].map((at) =>
          [
            sourcesOf(own.filter((_, n) => n % 3 !== at)),
            questionsOf(own.filter((_, n) => n % 3 === at)),
          ] as const
        ),
      ] as const
    ) {
      for (const judged of await judgeCase(sql, { name: "own", sources, questions, importance: 1 })) {
        examples.push({ judged, importance: 1 });
      }
    }
    const weights = learn(examples);
    const judged = await judgeCase(sql, {
      name: "shared",
      sources: sourcesOf(shared),
      questions: everybody,
      importance: 1,
    });
    const figures = figuresOf(judged, judged.map((of) => confidenceOf(weights, of)), 0.5);
    expect(figures.answered).toBeGreaterThanOrEqual(0.4);
    expect(figures.right).toBeGreaterThanOrEqual(0.9);
    // trained on a tenth of what the delivered weights are trained on
    expect(figures.declined).toBeGreaterThanOrEqual(0.87);
  },
);

test("the confidence is what the weights make of the features", async () => {
  const rows = await sql<
    { feature: string; weight: number }[]
  >`select feature, weight from private.answer_weights`;
  const weights = new Map(rows.map(({ feature, weight }) => [feature, weight]));
  const judged = await judgeCase(sql, {
    name: "some",
    sources: sourcesOf(shared.slice(0, 20)),
    questions: questionsOf(shared.slice(0, 20)),
    importance: 1,
  });
  for (const of of judged) {
    expect([...of.features.keys()].toSorted()).toEqual(
      of.features.size === 0 ? [] : [...weights.keys()].toSorted(),
    );
    expect(of.confidence).toBeCloseTo(confidenceOf(weights, of), 4);
  }
});

test("the weights were trained from the sources as they are", () => {
  expect(readFileSync(WEIGHTS_FILE, "utf8"), "run npm run answers:train").toContain(digestOfSources());
});
