import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { afterAll, expect, test } from "vitest";
import { bin } from "../local/paths.ts";
import { withFileLock } from "./file-lock.ts";

const folder = mkdtempSync(join(tmpdir(), "fixloop-lock-"));
const path = join(folder, "session.lock");
afterAll(() => rmSync(folder, { recursive: true }));

/** A process that holds the lock until it is killed. */
async function spawnHolder() {
  const script = `
    import { withFileLock } from ${JSON.stringify(import.meta.resolve("./file-lock.ts"))};
    await withFileLock(process.argv[1], () => {
      console.log("locked");
      return new Promise((resolve) => setTimeout(resolve, 600_000));
    });
  `;
  const holder = spawn(bin("node"), ["--input-type=module-typescript", "--eval", script, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(holder.stdout, "data");
  return holder;
}

test("one step at a time, also within a process", async () => {
  const counter = join(folder, "counter");
  writeFileSync(counter, "0");
  await Promise.all(Array.from({ length: 20 }, () =>
    withFileLock(path, async () => {
      const before = Number(readFileSync(counter, "utf8"));
      await new Promise((resolve) => setImmediate(resolve));
      writeFileSync(counter, String(before + 1));
    })));
  expect(readFileSync(counter, "utf8")).toBe("20");
});

test("a step that throws unlocks", async () => {
  await expect(withFileLock(path, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await withFileLock(path, () => Promise.resolve("free"))).toBe("free");
});

test("another process's lock is waited for, and ends with the process that is killed", async () => {
  const holder = await spawnHolder();
  await expect(withFileLock(path, () => Promise.resolve(), 50)).rejects.toThrow(
    /Another process holds the lock/,
  );
  const waiting = withFileLock(path, () => Promise.resolve("free"));
  holder.kill("SIGKILL");
  expect(await waiting).toBe("free");
});
