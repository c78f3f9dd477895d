import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startCronWorker } from "./cron-worker.ts";
import { startNetWorker } from "./net-worker.ts";
import { freePort } from "./ports.ts";

// The background workers while the server restarts: it takes no connection, for as long as that lasts.

let url: string;
let failures: number;

beforeEach(async () => {
  failures = 0;
  url = `postgresql://supabase_admin@127.0.0.1:${await freePort()}/postgres`;
  vi.spyOn(console, "error").mockImplementation((_, message) => {
    if (/ECONNREFUSED/.test(String(message))) failures++;
  });
});

afterEach(() => void vi.restoreAllMocks());

test.each([
  ["net", () => startNetWorker(url)],
  ["cron", () => startCronWorker(() => url, "postgres")],
])("%s tries again without growing waits, and stops immediately", async (_, start) => {
  const worker = start();
  let seconds = 0;
  try {
    // the driver's own waits would be 20 seconds by now, and the tenth attempt a minute away
    await expect.poll(() => failures, { timeout: 30_000 }).toBeGreaterThan(9);
  } finally {
    const began = performance.now();
    await worker.stop();
    seconds = (performance.now() - began) / 1000;
  }
  expect(seconds).toBeLessThan(5);
});
