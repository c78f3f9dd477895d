import { expect, test } from "vitest";
import type { Workspace } from "./clone.ts";
import { GitError } from "./git.ts";
import { pushBranch } from "./push.ts";

// What different servers say of a push, and what follows from it.

const space = { branch: "b", remoteBranch: null, gitDir: "/x", url: "https://x.example/a/b" } as Workspace;

/** The kind of failure, and whether it is attempted again, of a push that a server answers so. */
async function pushed(stdout: string, stderr = ""): Promise<string> {
  const result = { code: 1, endedBy: null, stdout, stderr, bytes: Buffer.from(stdout), isCut: false };
  const failing = () => Promise.reject(new GitError("push", result));
  const failure = await pushBranch(failing, space, "head", null).catch((error: unknown) => error);
  const { kind, again, repeats } = failure as { kind: string; again: string; repeats?: number };
  return [kind, again, ...repeats === undefined ? [] : [`after ${repeats}`]].join(" ");
}

const rejected = (reason: string) => pushed(`!\trefs/heads/b:refs/heads/b\t[remote rejected] (${reason})\n`);

test.each([
  "TF402455: Pushes to this branch are not permitted; you must use a pull request to update this branch.",
  "TF401027: You need the Git 'GenericContribute' permission to perform this action.",
  "You are not authorized to push to this branch",
  "pre-receive hook declined",
  "Protected branch",
  "prohibited by Gerrit: not permitted: create",
  "Changes can only be made through pull requests",
  "repository has been locked",
  "Repository has been disabled",
  "push size limit of 100 MB",
  "storage quota reached",
  "GH013: Repository rule violations found",
])("a rule: %s", async (reason) => {
  expect(await rejected(reason)).toBe("push_denied no");
});

test.each([
  "Internal Server Error",
  "cannot lock ref",
  "failed to update ref",
  "remote failure",
  "fatal error in commit_refs",
  "context deadline exceeded",
  "timed out",
  "service temporarily unavailable",
])("a fault that passes: %s", async (reason) => {
  expect(await rejected(reason)).toBe("push_failed later");
});

test.each(["unpacker error", "computer says no"])(
  "what may be either is waited for twice: %s",
  async (reason) => {
    expect(await rejected(reason)).toBe("push_failed later after 2");
  },
);

test.each([
  "cannot lock ref 'refs/heads/a/b': 'refs/heads/a' exists; cannot create 'refs/heads/a/b'",
  "directory file conflict",
  "reference conflicts with refs/heads/a",
])("a branch in the way: %s", async (reason) => {
  expect(await rejected(reason)).toBe("branch_invalid no");
});

test("somebody pushed meanwhile", async () => {
  const moved = "cannot lock ref 'refs/heads/b': is at 1234567 but expected 7654321";
  expect(await rejected(moved)).toBe("push_rejected yes");
  expect(await pushed("!\trefs/heads/b:refs/heads/b\t[rejected] (stale info)\n")).toBe("push_rejected yes");
});

test.each([
  ["ERROR: The key you are authenticating with has been marked as read only.", "push_forbidden yes"],
  ["remote: GitLab: You are not allowed to push code to this project.", "push_forbidden yes"],
  ["Forgejo: User permission denied for writing.", "push_forbidden yes"],
  ["Gitea: Unauthorized", "push_forbidden yes"],
  ["conq: repository does not exist.", "push_forbidden yes"],
  [
    "ERROR: The project you were looking for could not be found or you don't have permission to view it.",
    "push_forbidden yes",
  ],
  ["fatal: unable to access 'x': The requested URL returned error: 403", "push_forbidden yes"],
  ["fatal: unable to access 'x': The requested URL returned error: 451", "push_forbidden yes"],
  ["error: RPC failed; HTTP 413 curl 22 The requested URL returned error: 413", "push_denied no"],
  ["fatal: unable to access 'x': The requested URL returned error: 502", "push_failed later"],
  ["fatal: unable to access 'x': Could not resolve host: x", "push_failed later"],
  [
    "remote: fatal: write error: No space left on device\nfatal: the remote end hung up unexpectedly",
    "push_failed later",
  ],
  ["fatal: cannot create '/tmp/x': No space left on device", "machine_full later"],
])("without a line about the branch: %s", async (stderr, failure) => {
  expect(await pushed("", stderr)).toBe(failure);
});
