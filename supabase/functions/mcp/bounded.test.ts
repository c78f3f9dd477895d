import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bound,
  countAnswer,
  countTokens,
  cutText,
  fitPage,
  fitRows,
  fitText,
  MAX_TOKENS,
  type Row,
  share,
} from "./bounded.ts";
import { fitContext } from "./context.ts";

// Whatever is stored, in whatever script: an answer has a bounded number of tokens, and names what it leaves out.

const LETTERS = ["a", "Zażółć ", "слово ", "數據庫", "한국어", "ไทย", "🧑‍🚀", '"', "\\", "\n", "\u0001"];
const text = (max: number) =>
  fc.tuple(fc.constantFrom(...LETTERS), fc.integer({ min: 0, max })).map(([letter, count]) =>
    letter.repeat(count)
  );

/** Tokens of what a client receives: the JSON of the whole result. */
const received = (result: unknown): number =>
  countTokens(
    JSON.stringify({ content: [{ type: "text", text: JSON.stringify(result) }], structuredContent: result }),
  );

test("the estimate is high rather than low, in every script", () => {
  const each = (letter: string): number => countTokens(letter.repeat(600)) / 600;
  expect(each("a")).toBeGreaterThan(1 / 4);
  expect(each("a")).toBeLessThan(1 / 2);
  expect(each("ж")).toBe(1);
  for (const letter of ["數", "한", "ไ", "あ"]) expect(each(letter), letter).toBe(1.5);
  expect(each("🚀")).toBe(3);
});

test("texts are cut between characters", () => {
  expect(cutText("🚀🚀", 3)).toBe("🚀…");
  expect(cutText("abc", 3)).toBe("abc");
  fc.assert(fc.property(text(500), fc.integer({ min: 0, max: 400 }), (value, tokens) => {
    const shown = value.slice(0, fitText(value, tokens));
    expect(shown.isWellFormed()).toBe(true);
    if (shown !== "") expect(countAnswer(shown)).toBeLessThanOrEqual(tokens);
  }));
});

test("shares: nobody gets more than wanted, nothing is left over while somebody wants more", () => {
  const wants = fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.nat(10_000));
  fc.assert(fc.property(wants, fc.nat(20_000), (wanted, tokens) => {
    const given = share(new Map(Object.entries(wanted)), { a: 3, b: 1 }, tokens);
    const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);
    for (const [part, want] of Object.entries(wanted)) expect(given.get(part)).toBeLessThanOrEqual(want);
    expect(sum(given.values())).toBeLessThanOrEqual(tokens);
    expect(sum(given.values())).toBeGreaterThanOrEqual(Math.min(tokens, sum(Object.values(wanted))) - 4);
  }));
});

describe("pages", () => {
  test("every issue is on one page", () => {
    const rows = fc.array(fc.record({ title: text(400), snippet: text(600), file_path: text(600) }), {
      minLength: 1,
      maxLength: 120,
    });
    fc.assert(
      fc.property(rows, (found) => {
        const numbered: Row[] = found.map((row, at) => ({ ...row, issue_number: at }));
        const seen: unknown[] = [];
        for (let at: number | null = 0, pages = 0; at !== null; pages++) {
          expect(pages).toBeLessThanOrEqual(numbered.length);
          const from: number = at;
          const page = fitPage(numbered.slice(from, from + 101), 100, (_, count) => from + count);
          expect(received(page)).toBeLessThan(MAX_TOKENS);
          expect(page.cut === undefined || page.next !== null).toBe(true);
          seen.push(...page.issues.map((issue) => issue.issue_number));
          at = page.next;
        }
        expect(seen).toEqual(numbered.map((_, at) => at));
      }),
      { numRuns: 10, endOnFailure: true },
    );
  });

  test("rows fit one by one", () => {
    expect(fitRows([], 10)).toBe(0);
    expect(fitRows(["a", "b".repeat(100), "c"], 20)).toBe(1);
  });
});

test("any result is bounded, with a note of what was cut", () => {
  const results = fc.record({
    issue_number: fc.nat(),
    items: fc.array(fc.record({ content: text(20_000), names: fc.array(text(500), { maxLength: 50 }) }), {
      maxLength: 100,
    }),
    text: text(200_000),
  });
  fc.assert(
    fc.property(results, (result) => {
      const answer = bound(result);
      expect(received(answer)).toBeLessThan(MAX_TOKENS * 1.05);
      if (received(result) > MAX_TOKENS * 1.05) expect(answer).toHaveProperty("cut.how");
      else expect(answer).toBe(result);
      expect(answer.issue_number).toBe(result.issue_number);
    }),
    { numRuns: 10, endOnFailure: true },
  );
});

describe("a context", () => {
  const rows = (count: number, key: string) =>
    fc.array(fc.record({ [key]: text(4_000), conversation_id: text(300) }), { maxLength: count });
  const documents = fc.record({
    issue: fc.record({
      title: text(8_000),
      description: text(8_000),
      root_cause: text(8_000),
      impact_description: text(8_000),
      recommended_fix: text(8_000),
      actual_fix: fc.oneof(text(8_000), fc.constant(null)),
      file_path: text(2_000),
      affected_components: fc.array(text(300), { maxLength: 100 }),
    }),
    steps: rows(200, "description").map((steps) =>
      steps.map((step, at) => ({ ...step, step_number: at + 1 }))
    ),
    updates: rows(200, "content").map((updates) => updates.map((update, at) => ({ ...update, at }))),
    relations: rows(100, "title"),
    conversations: fc.array(
      fc.record({ conversation_id: text(300), roles: fc.array(text(10), { maxLength: 4 }) }),
      {
        maxLength: 50,
      },
    ),
    location: fc.constant(null),
    cut: fc.constant({}),
  });

  test("is bounded, whatever it contains, and counts what it leaves out", () => {
    fc.assert(
      fc.property(documents, (document) => {
        const answer = fitContext(document) as typeof document & {
          cut: Record<string, unknown> & { next?: Record<string, string>; texts?: string[] };
        };
        expect(received(answer)).toBeLessThan(MAX_TOKENS * 1.02);
        for (const name of ["steps", "updates", "relations", "conversations"] as const) {
          expect(answer[name].length + Number(answer.cut[name] ?? 0)).toBe(document[name].length);
          if (document[name].length > 0) expect(answer[name].length).toBeGreaterThan(0);
          expect(answer.cut.next?.[name]).toBe(
            answer.cut[name] ? `${name}:${answer[name].length}` : undefined,
          );
        }
        answer.updates.forEach((row: Row, at) => {
          const stored = String((document.updates as Row[]).at(-1 - at)?.content);
          const shown = String(row.content);
          expect(stored.startsWith(shown)).toBe(true);
          expect(row.text_cursor).toBe(shown === stored ? undefined : `updates:${at}:${[...shown].length}`);
        });
        // the newest update is the first
        expect(answer.updates[0]?.at).toBe(document.updates.at(-1)?.at);
        for (const name of answer.cut.texts ?? []) {
          const shown = answer.issue[name as "title"];
          expect(document.issue[name as "title"].startsWith(shown)).toBe(true);
          expect(answer.cut.next?.[name]).toBe(`${name}:${[...shown].length}`);
        }
      }),
      { numRuns: 10, endOnFailure: true },
    );
  });

  test("steps that are not done are kept first, and shown by number", () => {
    const steps = Array.from({ length: 200 }, (_, at) => ({
      step_number: at + 1,
      description: "數".repeat(300),
      status: at % 2 === 0 ? "complete" : "pending",
    }));
    const shown = fitContext({ steps, cut: {} }).steps as typeof steps;
    expect(shown.every(({ status }) => status === "pending")).toBe(true);
    expect(shown.map(({ step_number }) => step_number)).toEqual(shown.map((_, at) => 2 * at + 2));
  });
});
