import { Buffer } from "node:buffer";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeCircle, type FakeMember, startFakeCircle } from "../../../scripts/fakes/circle.ts";
import { createMemberTokens } from "./circle-token.ts";
import type { Rpc } from "./database.ts";
import { parseMasterKeys } from "./encryption.ts";

// The database is a fake that only knows what is stored; its own rules are tested in SQL.

const keys = (id: string) => () =>
  parseMasterKeys("KEYS", `${id}:${Buffer.alloc(32, id).toString("base64")}`);

let fake: FakeCircle;
let bot: FakeMember;
let stored: { id: string; sealed: string } | null;
let state: "ready" | "make" | "mint" | "off";
const errors: unknown[] = [];

const rpc: Rpc = (name, args) => {
  const answer = (data: unknown) => Promise.resolve({ ok: true as const, data });
  if (name === "finish_circle_token") {
    stored = args.token as { id: string; sealed: string };
    state = "ready";
    return answer(true);
  }
  if (name === "fail_circle_token") {
    errors.push(args.error);
    state = "mint";
    return answer("2026-11-30T12:00:00Z");
  }
  if (state === "ready" && args.rejected_id !== stored?.id) return answer({ state, ...stored });
  if (state === "off") return answer({ state });
  return answer({
    state: "make",
    fencing_token: 1,
    bot: bot.email,
    bot_email: bot.email,
    bot_member_id: null,
    id: state === "mint" ? null : stored?.id ?? null,
    sealed: state === "mint" ? null : stored?.sealed ?? null,
  });
};

const open = (keyId = "k1", headlessToken: string | null = "headless-auth-token") =>
  createMemberTokens({
    rpc,
    masterKeys: keys(keyId),
    headlessToken,
    apiUrl: fake.url,
    fetch,
    clock: Date.now,
    sleep: () => Promise.resolve(),
    newId: () => crypto.randomUUID(),
  });

const asked = () => fake.state.requests.map(({ method, path, status }) => `${method} ${path} ${status}`);

beforeEach(async () => {
  fake = await startFakeCircle();
  bot = fake.state.addMember("Fix Bot");
  stored = null;
  state = "make";
  errors.length = 0;
});

afterEach(async () => {
  await fake.stop();
});

test("a token is minted once, stored encrypted, and used by others", async () => {
  const first = await open().get();
  expect(first).toEqual({ kind: "ok", value: expect.stringMatching(/^access-/) });
  expect(stored?.sealed).toMatch(/^v1\.k1\./);
  expect(await open().get()).toEqual(first);
  expect(asked()).toEqual(["POST /api/v1/headless/auth_token 200"]);
});

test("one that was rejected is refreshed, and minted where that is rejected too", async () => {
  const tokens = open();
  const first = await tokens.get();
  const second = await tokens.renew(first.kind === "ok" ? first.value : "");
  expect(second).not.toEqual(first);
  fake.state.tokens.revokeAll();
  const third = await tokens.renew(second.kind === "ok" ? second.value : "");
  expect(third).toEqual({ kind: "ok", value: expect.stringMatching(/^access-/) });
  expect(asked()).toEqual([
    "POST /api/v1/headless/auth_token 200",
    "PATCH /api/v1/headless/access_token/refresh 200",
    "PATCH /api/v1/headless/access_token/refresh 401",
    "POST /api/v1/headless/auth_token 200",
  ]);
  expect(errors).toEqual(["refresh_rejected"]);
  // several requests of one process that were rejected together ask for one
  expect(await tokens.renew("older")).toEqual(third);
  const value = third.kind === "ok" ? third.value : "";
  const renewed = await Promise.all([tokens.renew(value), tokens.renew(value), tokens.get()]);
  expect(new Set(renewed.map((one) => one.kind === "ok" ? one.value : "")).size).toBe(1);
  expect(fake.state.requests).toHaveLength(5);
});

test("what another master key has encrypted is minted again", async () => {
  await open("k0").get();
  expect(await open("k1").get()).toMatchObject({ kind: "ok" });
  expect(stored?.sealed).toMatch(/^v1\.k1\./);
});

test("without a bot, without the community's token, or while Circle fails, there is none", async () => {
  expect(await open("k1", null).get()).toEqual({ kind: "unauthorized" });
  fake.state.faults.push({ status: 503, body: "" });
  expect(await open().get()).toEqual({ kind: "wait", until: new Date("2026-11-30T12:00:00Z") });
  expect(await open("k1", "admin-v2-token").get()).toEqual({ kind: "unauthorized" });
  expect(errors).toEqual(["headless_token_missing", "status_503", "status_403"]);
  state = "off";
  expect(await open().get()).toEqual({ kind: "unauthorized" });
});
