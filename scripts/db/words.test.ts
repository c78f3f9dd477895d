import { expect, test } from "vitest";
import { wordProblems } from "./words.ts";

const words = (text: string): string[] =>
  wordProblems(text).map(({ line, message }) => `${line}: ${message}`);

test.each([
  "-- mended by the next one",
  "it is drawn anew",
  "one takes its turn",
  "select private.keep_tags()",
  "a stand-in for the platform",
  "a value that is none of these",
  "p_number is no number",
  "one row a message",
  "keeps what is there",
  "relations in circles",
  "a connection without room",
  "an event is worked on",
])("%s is refused", (line) => expect(wordProblems(line)).toHaveLength(1));

test.each([
  "recommended, amended",
  "there is no issue of it, and it is no longer there",
  "a Circle community; circle_issues; the circle-webhook",
  "in turn, the other way round",
  "select private.keeper()",
  "a person works on a task",
  "public.read_secret, private.read_secret",
])("%s is not", (line) => expect(words(line)).toEqual([]));

test("a line is named with the word to write, unless it has a reason", () => {
  expect(words("-- ok\n-- mends it")).toEqual(['2: "mends": write fix, repair or correct']);
  expect(words("-- mends it -- words-ok: a quotation")).toEqual([]);
  expect(words("private.know_repository()")).toEqual(["1: private.know_repository: not know, but register"]);
});
