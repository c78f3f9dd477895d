import { makeOtherIssues } from "../triage/other-issues.ts";
import {
  otherMessages,
  OWN_PAIRS,
  type Pair,
  type Question,
  questionsOf,
  readPairs,
  SHARED_PAIRS,
  sharedMessages,
} from "./questions.ts";

/** A public answer: its question, the text, and the problem that it is about. */
export interface Source {
  readonly id: string;
  readonly question: string;
  readonly answer: string;
}

/** Questions put to a set of public answers. */
export interface Case {
  readonly name: string;
  readonly sources: readonly Source[];
  readonly questions: readonly Question[];
  /** How much each question counts in training. */
  readonly importance: number;
}

/** The issues of problems as public answers. */
export const sourcesOf = (pairs: readonly Pair[]): Source[] =>
  pairs.map(({ id, title, description }) => ({ id, question: title, answer: description }));

/** Answers that are about none of the problems. */
export const otherSources = (count: number): Source[] =>
  makeOtherIssues(count).map(({ title, description }, at) => ({
    id: `other ${at}`,
    question: title,
    answer: description,
  }));

const OTHERS = 2_000;
const MESSAGES = 700;

/** One of every `parts`, beginning with this one. */
const part = <T>(all: readonly T[], at: number, parts: number): T[] =>
  all.filter((_, number) => number % parts === at);

/**
 * What a question is asked among, from six answers to two thousand, and questions that none of them answers: those about the
 * other problems, those whose own answer is taken out, and messages of communities.
 */
export function trainingCases(): Case[] {
  const sets = [readPairs(SHARED_PAIRS), readPairs(OWN_PAIRS)] as const;
  const others = otherSources(OTHERS);
  const shared = sharedMessages();
  const messages = otherMessages();
  const everybody = sets.flat();
  const cases: Case[] = [
    { name: "both", sources: sourcesOf(everybody), questions: questionsOf(everybody), importance: 1 },
    {
      name: "both among others",
      sources: [...sourcesOf(everybody), ...others],
      questions: questionsOf(everybody),
      importance: 1,
    },
    {
      name: "messages to both among others",
      sources: [...sourcesOf(everybody), ...others],
      questions: messages.slice(2 * MESSAGES, 3 * MESSAGES),
      importance: 0.2,
    },
  ];
  sets.forEach((pairs, at) => {
    const which = at === 0 ? "shared" : "own";
    const sources = sourcesOf(pairs);
    for (
      const [name, all] of [[which, sources], [`${which} among others`, [...sources, ...others]]] as const
    ) {
      cases.push(
        { name, sources: all, questions: questionsOf(everybody), importance: 1 },
        { name: `messages to ${name}`, sources: all, questions: shared, importance: 0.5 },
      );
    }
    cases.push({
      name: `other messages to ${which}`,
      sources,
      questions: messages.slice(at * MESSAGES, (at + 1) * MESSAGES),
      importance: 0.3,
    }, ...partsOf(pairs, which));
  });
  return cases;
}

function partsOf(pairs: readonly Pair[], which: string): Case[] {
  const tenths = Array.from({ length: 10 }, (_, at) => part(pairs, at, 10));
  return [
    ...tenths.flatMap((tenth, at): Case[] => [{
      name: `${which} without a tenth, asked about it`,
      sources: sourcesOf(pairs.filter((pair) => !tenth.includes(pair))),
      questions: questionsOf(tenth),
      importance: 1,
    }, {
      name: `a tenth of ${which}, asked about two`,
      sources: sourcesOf(tenth),
      questions: questionsOf([...tenth, ...tenths[(at + 1) % 10] ?? []]),
      importance: 0.3,
    }]),
    ...Array.from({ length: 3 }, (_, at) => part(pairs, at, 3)).map((third): Case => ({
      name: `a third of ${which}`,
      sources: sourcesOf(third),
      questions: questionsOf(third),
      importance: 0.5,
    })),
  ];
}
