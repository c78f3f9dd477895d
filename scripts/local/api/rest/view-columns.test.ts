import { expect, test } from "vitest";
import { parseViewColumns } from "./view-columns.ts";

const entry = (expression: string, position: number, name: string, table: number, column: number): string =>
  `{TARGETENTRY :expr ${expression} :resno ${position} :resname ${name} :ressortgroupref 0 ` +
  `:resorigtbl ${table} :resorigcol ${column} :resjunk false}`;
const query = (entries: string[]): string =>
  `{QUERY :commandType 1 :rtable ({RANGETBLENTRY :alias <>}) :targetList (${
    entries.join(" ")
  }) :returningList <>}`;
const VAR = "{VAR :varno 1 :varattno 1}";

test("columns of tables, and none of what is computed", () => {
  const tree = `(${
    query([entry(VAR, 1, "id", 500, 1), entry("{FUNCEXPR :args ({CONST :x 1})}", 2, "n", 0, 0)])
  })`;
  expect(parseViewColumns(tree)).toEqual([{ position: 1, table: 500, column: 1 }]);
});

test("not those of queries within an expression or a table of the query", () => {
  const within = query([entry(VAR, 1, "other", 600, 4)]);
  const tree = `(${
    query([entry(`{SUBLINK :subselect ${within}}`, 1, "x", 0, 0), entry(VAR, 2, "id", 500, 1)])
  })`;
  expect(parseViewColumns(tree)).toEqual([{ position: 2, table: 500, column: 1 }]);
});

test("names with braces and blanks are escaped", () => {
  const tree = `(${query([entry(VAR, 1, "a\\}\\ \\{b", 500, 3)])})`;
  expect(parseViewColumns(tree)).toEqual([{ position: 1, table: 500, column: 3 }]);
});
