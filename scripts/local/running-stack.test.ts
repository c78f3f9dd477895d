import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockFolder } from "./lock.ts";
import { findRunningStack, writerLine } from "./running-stack.ts";
import { scratchFolder } from "./scratch-folder.ts";

let folder: string;
let fromSchemas: string;
const unlocks: (() => void)[] = [];
const said: string[] = [];
const find = () => findRunningStack({ DATA_DIR: folder }, (line) => said.push(line));
const write = (dataDir: string, url: string, pid = process.pid): void =>
  writeFileSync(join(dataDir, "env"), `${writerLine(pid)}DATABASE_URL="${url}"\n`);
const run = async (dataDir: string): Promise<void> => {
  unlocks.push(await lockFolder(dataDir));
};

beforeEach(() => {
  folder = scratchFolder("running");
  fromSchemas = join(folder, "from-schemas");
  mkdirSync(fromSchemas);
});
afterEach(() => {
  for (const unlock of unlocks.splice(0)) unlock();
  said.length = 0;
  rmSync(folder, { recursive: true });
});

test("the stack of either folder is found", async () => {
  expect(await find()).toBeUndefined();
  await run(folder);
  await run(fromSchemas);
  write(fromSchemas, "postgresql://schemas");
  expect(await find()).toEqual({
    dataDir: fromSchemas,
    isFromSchemas: true,
    env: { DATABASE_URL: "postgresql://schemas" },
  });
  rmSync(join(fromSchemas, "env"));
  write(folder, "postgresql://migrations");
  expect(await find()).toEqual({
    dataDir: folder,
    isFromSchemas: false,
    env: { DATABASE_URL: "postgresql://migrations" },
  });
});

test("the file of a killed stack does not count, also while another one starts in its folder", async () => {
  write(folder, "postgresql://killed", 1);
  expect(await find()).toBeUndefined();
  await run(folder);
  expect(await find()).toBeUndefined();
  write(folder, "postgresql://new");
  expect(await find()).toMatchObject({ env: { DATABASE_URL: "postgresql://new" } });
});

test("of two environment files the one counts whose stack runs; when both run, the choice is reported", async () => {
  write(folder, "postgresql://migrations");
  write(fromSchemas, "postgresql://schemas");
  await run(fromSchemas);
  expect(await find()).toMatchObject({ isFromSchemas: true });
  expect(said).toEqual([]);
  await run(folder);
  expect(await find()).toMatchObject({ isFromSchemas: false });
  expect(said).toEqual([
    `two stacks run here: using ${folder}; for the other one, DATA_DIR=${fromSchemas}`,
  ]);
});
