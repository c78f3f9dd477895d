import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "../bench/words.ts";
import { type Pair, readPairs } from "../triage/finding-texts.ts";
import { readTexts, SHARED, trainingFiles } from "../triage/texts.ts";

/** A text that somebody asks, and the problem that it is about; null where it is about none of them. */
export interface Question {
  readonly about: string | null;
  readonly text: string;
  /** Questions of one group are never in two folds. */
  readonly group: string;
}

const DATA = join(import.meta.dirname, "data");
/** The shared problems: a tracker's issues, each with what other people wrote about it. */
export const SHARED_PAIRS = join(import.meta.dirname, "../triage/data/pairs.jsonl");
/** Others of the same kind, written for this. */
export const OWN_PAIRS = join(DATA, "own-pairs.jsonl");
/** Shared messages that turned out to be about a shared problem. */
const MORE_QUESTIONS = join(DATA, "more-questions.jsonl");

/** The questions of problems. */
export const questionsOf = (pairs: readonly Pair[]): Question[] =>
  pairs.flatMap(({ id, same }) => same.map(({ text }) => ({ about: id, text, group: id })));

/** The messages of a file of labelled texts, each with the shared problem that it is about, if any. */
function messagesOf(file: string): Question[] {
  const about = new Map(
    readFileSync(MORE_QUESTIONS, "utf8").split("\n").filter(Boolean).map((line) => {
      const { id, text } = JSON.parse(line) as { id: string; text: string };
      return [text, id];
    }),
  );
  return readTexts(file).map(({ text, group }) => ({
    about: about.get(text) ?? null,
    text,
    group: about.get(text) ?? group,
  }));
}

export const sharedMessages = (): Question[] => messagesOf(SHARED);

/** Messages by others, of which hardly any is about one of the problems; the same for the same seed. */
export function otherMessages(seed = 5): Question[] {
  const random = createRandom(seed);
  return trainingFiles().filter((file) => file !== SHARED).flatMap(messagesOf)
    .map((question) => ({ question, order: random() })).toSorted((a, b) => a.order - b.order)
    .map(({ question }) => question);
}

export { type Pair, readPairs };
