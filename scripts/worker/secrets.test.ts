import { afterEach, beforeEach, expect, test } from "vitest";
import { some } from "../../supabase/tests/support/size.ts";
import { type Bench, openBench, TOKEN } from "./testing/bench.ts";

// Nothing that is pushed contains a key of the worker, whether a diff shows it or not.

let bench: Bench;

beforeEach(async () => {
  bench = await openBench();
});

afterEach(() => bench.close());

const COMMIT = `git add -A; git -c user.name=a -c user.email=a@example.org commit -qm`;

test.each(some(4, [
  ["a text", `echo "key: ${TOKEN}" > notes`],
  ["a binary file", `printf '\\000\\377 ${TOKEN} \\001' > cache.db`],
  [
    "another encoding",
    `node -e 'require("fs").writeFileSync("x", Buffer.from("\\ufeffa${TOKEN}", "utf16le"))'`,
  ],
  [
    "the other byte order",
    `node -e 'require("fs").writeFileSync("x", Buffer.from("a${TOKEN}", "utf16le").swap16())'`,
  ],
  [
    "a commit before a merge, though a later one removes it",
    `git branch side; echo ${TOKEN} > .env; ${COMMIT} one; rm .env; echo 1 > w; ${COMMIT} two
     git checkout -q side; echo s > s; ${COMMIT} s; git checkout -q -; git -c user.name=a -c user.email=a@example.org merge -q --no-edit side`,
  ],
  ["a name", `echo 1 > "${TOKEN}.txt"`],
  ["a message", `echo 1 > w; ${COMMIT} "with ${TOKEN}"`],
]))("%s", async (_, agent) => {
  expect(await bench.run(agent), bench.lines.join("\n")).toBe("failed");
  expect(bench.queue.failures[0]).toMatchObject({ error_kind: "secret_in_changes", retryable: false });
  expect(bench.git("branch", "--list", "fixloop/*")).toBe("");
});
