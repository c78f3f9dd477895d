import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../local/paths.ts";
import { completeLock, type LockFile, missingEntries, platformEntry, readLock } from "./lock-file.ts";

// `npm ci` refuses a lock file that lacks an entry, also the entry of a program for another platform, which npm leaves
// out when the registry does not offer it.

const owner = {
  version: "3.1.0",
  dev: true,
  license: "MIT",
  optionalDependencies: {
    "cli-linux-x64": "3.1.0",
    "cli-linux-x64-musl": "3.1.0",
    "cli-windows-arm64": "3.1.0",
  },
};
const lock: LockFile = {
  packages: {
    "": { dependencies: { cli: "3.1.0" } },
    "node_modules/cli": owner,
    "node_modules/cli-linux-x64": { version: "3.1.0", os: ["linux"], cpu: ["x64"] },
  },
};

test("each dependency and each optional dependency of each locked package has an entry", () => {
  const missing = missingEntries(readLock()).map(({ by, name, range }) => `${by}: ${name} ${range}`);
  expect(missing, "run `npm run lock:complete`").toEqual([]);
});

test("the entries are in the order in which npm writes them, so that npm leaves the file as it is", () => {
  const { packages } = readLock();
  expect(Object.keys(packages)).toEqual(Object.keys(completeLock({ packages }).packages));
});

test("a missing entry is found in its owner's folder, in those above, or not at all", () => {
  expect(missingEntries(lock).map(({ name }) => name)).toEqual(["cli-linux-x64-musl", "cli-windows-arm64"]);
  const nested: LockFile = {
    packages: {
      "node_modules/a": { dependencies: { b: "^1.0.0" } },
      "node_modules/a/node_modules/b": { version: "1.0.0", dependencies: { c: "1.0.0", d: "1.0.0" } },
      "node_modules/c": { version: "1.0.0" },
      "node_modules/e": { peerDependencies: { f: "1" }, peerDependenciesMeta: { f: { optional: true } } },
    },
  };
  expect(missingEntries(nested)).toEqual([
    { by: "node_modules/a/node_modules/b", name: "d", range: "1.0.0", isOptional: false },
  ]);
});

test("the entries that are added tell npm for which platform they are", () => {
  const { packages } = completeLock(lock);
  expect(missingEntries({ packages })).toEqual([]);
  expect(packages["node_modules/cli-linux-x64-musl"]).toEqual({
    version: "3.1.0",
    cpu: ["x64"],
    dev: true,
    libc: ["musl"],
    license: "MIT",
    optional: true,
    os: ["linux"],
  });
  expect(packages["node_modules/cli-windows-arm64"]).toMatchObject({ os: ["win32"], cpu: ["arm64"] });
});

test("a name that tells no platform, or a range that is not a version, gets no entry", () => {
  const missing = { by: "node_modules/cli", isOptional: true };
  expect(platformEntry({ ...missing, name: "fsevents", range: "2.3.3" }, owner)).toBeUndefined();
  expect(platformEntry({ ...missing, name: "cli-linux-x64", range: "^3.1.0" }, owner)).toBeUndefined();
});

test("the lock file names no registry", () => {
  expect(readFileSync(join(ROOT, "package-lock.json"), "utf8")).not.toMatch(/"resolved":/);
});

test("npm leaves the lock file as it is, and reports no engine warnings on Node 20", () => {
  const settings = readFileSync(join(ROOT, ".npmrc"), "utf8");
  expect(settings).toMatch(/^save=false$/m);
  expect(settings).toMatch(/^loglevel=error$/m);
});
