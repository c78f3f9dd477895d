import { expect, test } from "vitest";
import { bin } from "../local/paths.ts";
import { checkChoice, chooseSteps, leftOut } from "./run.ts";
import { groupsOf, quoteArguments, rerunsOf } from "./run-steps.ts";
import { type Step, STEPS } from "./steps.ts";

const TAGS = "supabase/tests/database/tracker/tags.test.sql";
const LINT: Step = { name: "lint", what: "", command: [bin("deno"), "lint"], isFast: true };

test.each([
  [{ fast: true }, [TAGS], "--fast and a file"],
  [{ only: "lint" }, [TAGS], "--only and a file"],
  [{ fast: true, name: "tags" }, [], "--fast and -t"],
  [{ only: "lint", watch: true }, [], "--only and --watch"],
  [{ fast: true, only: "lint" }, [], "--fast and --only"],
  [{ fast: true, all: true }, [], "--fast and --all"],
])("%o with %j is refused", (choice, names, together) => {
  expect(() => checkChoice(choice, names)).toThrow(`${together} cannot be used together.`);
});

test("steps are chosen alone, and so are files and names of tests", () => {
  for (const choice of [{}, { fast: true }, { all: true }, { only: "lint" }, { watch: true }]) {
    checkChoice(choice, []);
  }
  checkChoice({ name: "tags", watch: true }, [TAGS]);
  expect(chooseSteps({ only: "lint" }, []).map(({ name }) => name)).toEqual(["lint"]);
  expect(() => chooseSteps({ only: "lnit" }, [])).toThrow("There is no step lnit.");
});

test("a plain run leaves out what takes minutes, and names it; --all does not", () => {
  const plain = chooseSteps({}, []);
  expect(STEPS.filter((step) => !plain.includes(step)).map(({ name }) => name)).toEqual(["processes"]);
  expect(leftOut(plain).join("\n")).toContain("npm test -- --only processes");
  expect(chooseSteps({ all: true }, [])).toEqual(STEPS);
  for (const choice of [{ all: true }, { fast: true }, { only: "processes" }]) {
    expect(leftOut(chooseSteps(choice, []))).toEqual([]);
  }
  expect(leftOut(chooseSteps({}, [TAGS]))).toEqual([]);
});

test("what failed is run alone by its files, else by the arguments of its step", () => {
  const [tests] = chooseSteps({ name: "a tag's name" }, ["tracker/tags"]);
  if (!tests) throw new Error("no step");
  expect(rerunsOf(tests, [TAGS], "npm test", {})).toEqual([`npm test -- ${TAGS}`]);
  expect(rerunsOf(tests, [], "npm test", {})).toEqual([
    "npm test -- tracker/tags -t 'a tag'\\''s name'",
  ]);
  expect(rerunsOf(LINT, [], "npm test", {})).toEqual(["npm test -- --only lint"]);
  expect(rerunsOf({ ...tests, rerun: "" }, [], "npm run soak", {})).toEqual(["npm run soak"]);
});

test("tests of a database that is built from migrations are rerun so", () => {
  const [tests] = chooseSteps({}, [TAGS]);
  if (!tests) throw new Error("no step");
  const env = { FROM: "migrations" };
  expect(rerunsOf(tests, [TAGS], "npm test", env)).toEqual([`FROM=migrations npm test -- ${TAGS}`]);
  expect(rerunsOf(LINT, [], "npm test", env)).toEqual(["npm test -- --only lint"]);
});

test("arguments are quoted where a shell needs it", () => {
  expect(quoteArguments(["tracker/tags", "a b", "$HOME", "it's"])).toBe(
    "tracker/tags 'a b' '$HOME' 'it'\\''s'",
  );
});

test("steps that run no tests are together, and those that do one by one", () => {
  const names = groupsOf(STEPS).map((group) => group.map(({ name }) => name).join(" "));
  expect(names).toEqual([
    "format lint types-node types-deno schema",
    ...["unit", "pgtap", "tools", "api", "storms"],
    "demo",
    "processes",
  ]);
});
