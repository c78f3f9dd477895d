import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../local/paths.ts";
import { sourceLines } from "./apt.ts";
import { PACKAGES } from "./debian.ts";

test("another release comes from the mirrors of this machine; sources that are not Debian's own are left out", () => {
  const targets = [
    "http://mirror.example/debian/ bookworm main",
    "http://mirror.example/debian/ bookworm main",
    "http://mirror.example/debian/ bookworm contrib",
    "http://mirror.example/debian/ bookworm-updates main",
    "http://security.example/debian-security/ bookworm-security main",
    "http://packages.example/nodesource/ nodistro main",
    "http://mirror.example/debian/ bookworm-backports main",
  ].join("\n");
  expect(sourceLines(targets, "bookworm", "trixie")).toEqual([
    "deb http://mirror.example/debian/ trixie main",
    "deb http://mirror.example/debian/ trixie-updates main",
    "deb http://security.example/debian-security/ trixie-security main",
  ]);
  expect(sourceLines("", "bookworm", "trixie")).toEqual([]);
});

test("CI's container installs what the conformance run uses", () => {
  const workflow = readFileSync(join(ROOT, ".github/workflows/ci.yml"), "utf8");
  for (const name of PACKAGES) expect(workflow).toMatch(new RegExp(`\\s${name}\\s`));
});
