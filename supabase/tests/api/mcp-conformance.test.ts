import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bin, ROOT } from "../../../scripts/local/paths.ts";
import { openTestProject, type TestProject } from "../support/database.ts";
import { type Front, openFront } from "../support/front.ts";
import { signUp, tokenOf } from "../support/people.ts";

// The protocol's own conformance suite for servers, with a token added to what it sends. It prints what failed and why.

const EXPECTED_FAILURES = join(ROOT, "supabase/tests/api/mcp-conformance.yml");

let project: TestProject;
let front: Front;

beforeAll(async () => {
  project = await openTestProject();
  const token = await tokenOf(await signUp(project, "agent", "agent"));
  front = await openFront(() => project.url, (request) => {
    const headers = new Headers(request.headers);
    headers.set("authorization", `Bearer ${token}`);
    return new Request(request, { headers });
  });
});

afterAll(async () => {
  await front?.close();
  await project?.close();
});

test("all scenarios pass, except those that mcp-conformance.yml names", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fixloop-conformance-"));
  const args = ["server", "--url", `${front.url}/functions/v1/mcp`, "--expected-failures", EXPECTED_FAILURES];
  const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) =>
    execFile(
      bin("conformance"),
      args,
      { cwd: folder },
      (error, stdout, stderr) => resolve({ code: error?.code ?? 0, output: `${stdout}${stderr}` }),
    )
  );
  rmSync(folder, { recursive: true });
  expect(code, output).toBe(0);
  expect(output).toContain("Baseline check passed");
});
