import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { fileStorage, loadSession, SESSION_KEY, sessionFile } from "./session-file.ts";

const home = mkdtempSync(join(tmpdir(), "fixloop-session-"));
const file = sessionFile("http://127.0.0.1:54321", { XDG_CONFIG_HOME: home });
const storage = fileStorage(file);
const session = { access_token: "a", refresh_token: "r", user: { id: "1", email: "ana@example.org" } };
afterAll(() => rmSync(home, { recursive: true }));
beforeEach(() => rmSync(dirname(file), { recursive: true, force: true }));

const write = (value: unknown) => storage.setItem(SESSION_KEY, JSON.stringify(value));

test("a file per project", () => {
  const files = ["http://a.test", "https://a.test", "http://a.test:1", "http://a.test/b"].map((url) =>
    basename(sessionFile(url, { XDG_CONFIG_HOME: home }))
  );
  expect(new Set(files).size).toBe(4);
  for (const name of files) expect(name).toMatch(/^[\w.%-]+\.json$/);
});

test("what is written can be read, by its owner alone, and nothing else stays in the folder", async () => {
  expect(await loadSession(file)).toBeUndefined();
  expect(await storage.getItem(SESSION_KEY)).toBeNull();
  await write(session);
  expect(await loadSession(file)).toEqual(session);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
  expect(readdirSync(dirname(file))).toEqual([basename(file)]);
  await storage.removeItem(SESSION_KEY);
  expect(await loadSession(file)).toBeUndefined();
});

test("a file that others could read is replaced, and so is what a killed process left", async () => {
  await write(session);
  chmodSync(file, 0o644);
  writeFileSync(`${file}.${process.pid}.tmp`, "half");
  await write({ ...session, access_token: "b" });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await loadSession(file))?.access_token).toBe("b");
  expect(readdirSync(dirname(file))).toEqual([basename(file)]);
});

test("other keys of supabase-js do not touch it", async () => {
  await write(session);
  await storage.setItem(`${SESSION_KEY}-code-verifier`, "x");
  await storage.removeItem(`${SESSION_KEY}-user`);
  expect(await storage.getItem(`${SESSION_KEY}-code-verifier`)).toBeNull();
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(session);
});

test.each(["", "{", "null", "[]", '"text"', '{"access_token":"a"}'])("%j is not a session", async (text) => {
  await write(session);
  writeFileSync(file, text);
  await expect(loadSession(file)).rejects.toThrow(/contains no session/);
});
