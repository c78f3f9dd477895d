import type { Judged } from "./judge.ts";

/** The figures of docs/support-answers.md. */
export interface Figures {
  readonly questions: number;
  readonly withSource: number;
  /** Of the questions with a source, those whose right one is first. */
  readonly first: number;
  /** The same among the first three. */
  readonly amongThree: number;
  /** Of the questions with a source, those that are answered. */
  readonly answered: number;
  /** Of the answers to questions with a source, the right ones. */
  readonly right: number;
  /** Of the questions without a source, those that are not answered. */
  readonly declined: number;
}

export const share = (part: number, whole: number): number => (whole === 0 ? 1 : part / whole);

export function figuresOf(
  judged: readonly Judged[],
  confidences: readonly number[],
  threshold: number,
): Figures {
  const all = judged.map((of, at) => ({ ...of, isAnswered: (confidences[at] ?? 0) >= threshold }));
  const withSource = all.filter(({ hasSource }) => hasSource);
  const without = all.filter(({ hasSource }) => !hasSource);
  const answered = withSource.filter(({ isAnswered }) => isAnswered);
  const within = (most: number): number =>
    withSource.filter(({ position }) => position !== null && position <= most).length;
  return {
    questions: all.length,
    withSource: withSource.length,
    first: share(within(1), withSource.length),
    amongThree: share(within(3), withSource.length),
    answered: share(answered.length, withSource.length),
    right: share(answered.filter(({ position }) => position === 1).length, answered.length),
    declined: share(without.filter(({ isAnswered }) => !isAnswered).length, without.length),
  };
}

const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;

/** The figures as a row of a table; a dash where there is nothing to count. */
export const figureRow = (name: string, of: Figures): Record<string, string> => ({
  "asked among": name,
  questions: String(of.questions),
  "right one first": of.withSource === 0 ? "–" : percent(of.first),
  "among three": of.withSource === 0 ? "–" : percent(of.amongThree),
  answered: of.withSource === 0 ? "–" : percent(of.answered),
  "of these right": of.withSource === 0 ? "–" : percent(of.right),
  "without source, declined": of.withSource === of.questions ? "–" : percent(of.declined),
});
