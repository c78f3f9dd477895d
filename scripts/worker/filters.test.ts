import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { some } from "../../supabase/tests/support/size.ts";
import { type Bench, openBench } from "./testing/bench.ts";

// A file with a filter is never pushed past it.

let bench: Bench;

beforeEach(async () => {
  bench = await openBench({
    "logo.png": "pointer\n",
    ".gitattributes": "*.png filter=lfs diff=lfs merge=lfs -text\n",
  });
  writeFileSync(join(bench.folder, ".gitconfig"), "[user]\n\tname = agent\n\temail = agent@example.org\n");
});

afterEach(() => bench.close());

describe("a filter that this worker does not run", () => {
  test.each(some(3, [
    ["a changed file", `echo image > logo.png`, "logo.png (lfs)"],
    ["a new one", `mkdir img; echo image > "img/ü.png"`, "img/ü.png (lfs)"],
    ["one that the agent committed", `echo image > logo.png; git commit -qam x`, "logo.png (lfs)"],
    [
      "and removed again",
      `echo image > x.png; git add .; git commit -qm x; git rm -q x.png; git commit -qm y; echo z > z`,
      "x.png (lfs)",
    ],
    ["one whose attribute the agent removed", `rm .gitattributes; echo image > logo.png`, "logo.png (lfs)"],
    ["a new one whose attribute it removed", `rm .gitattributes; echo secret > new.png`, "new.png (lfs)"],
    ["a copy of a file without a filter", `mkdir assets; cp README.md assets/x.png`, "assets/x.png (lfs)"],
    [
      "a file of another filter",
      `echo 'key filter=git-crypt' >> .gitattributes; cp logo.png key`,
      "key (git-crypt)",
    ],
    [
      "one whose attribute it added",
      `echo 'key filter=git-crypt' >> .gitattributes; echo 1 > key`,
      "key (git-crypt)",
    ],
  ]))("%s", async (_, agent, named) => {
    expect(await bench.run(agent)).toBe("failed");
    expect(bench.queue.failures[0]).toMatchObject({ error_kind: "filter_untrusted", retryable: false });
    expect(bench.queue.failures[0]?.error).toContain(named);
    expect(bench.git("branch", "--list", "fixloop/*")).toBe("");
  });

  test.each(some(2, [
    ["that is not touched", `echo x > x`],
    ["that is only moved", `git mv logo.png l.png`],
    ["that is copied as it is stored", `mkdir a; cp logo.png a/b.png`],
    ["that is moved while the attribute goes", `rm .gitattributes; git mv logo.png l.png`],
    ["that is removed", `rm logo.png`],
    ["that is switched off for it", `echo 'raw.png -filter' >> .gitattributes; echo 1 > raw.png`],
  ]))("a file %s does not matter", async (_, agent) => {
    expect(await bench.run(agent), bench.lines.join("\n")).toBe("completed");
  });
});

test("a filter that is trusted is run, and nothing that the agent committed is pushed past it", async () => {
  const filters = { lfs: "sed s/image/pointer-of-image/" };
  const agent = `echo image > logo.png; git commit -qam x; echo image > new.png`;
  expect(await bench.run(agent, {}, { filters }), bench.lines.join("\n")).toBe("completed");
  const branch = "fixloop/task-7";
  for (const path of ["logo.png", "new.png"]) {
    expect(bench.git("show", `${branch}:${path}`)).toBe("pointer-of-image");
  }
  expect(bench.git("log", "-p", "--format=", "--text", `main..${branch}`)).not.toMatch(/^\+image/m);
  const unfiltered = `rm .gitattributes; echo image > new.png`;
  expect(await bench.run(unfiltered, { task_id: 9 }, { filters })).toBe("failed");
  expect(bench.queue.failures[0]?.error).toContain("new.png (lfs)");
  expect(await bench.run(`echo x > x`, { task_id: 8 }, { filters })).toBe("completed");
  expect(bench.queue.completed[1]?.changed_files?.map(({ path }) => path)).toEqual(["x"]);
});
