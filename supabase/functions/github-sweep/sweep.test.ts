import { describe, expect, test } from "vitest";
import type { GithubAnswer } from "../_shared/github.ts";
import { type Budgets, UNLIMITED } from "../_shared/provider-budget.ts";
import type { DuePull } from "./plan.ts";
import { due, OK, reader, setUp } from "./testing.ts";

// Whose tokens a sweep asks with, what it may spend, and when it stops.

describe("tokens", () => {
  test("of every user who waits are used, then no other once the answer is known", async () => {
    const readers = [await reader(1, true), await reader(2, true), await reader(3)];
    const { run, tokens, stored } = setUp({ pulls: [due(1, readers, { etag: 'W/"0"' })] });
    expect((await run()).body).toMatchObject({ requests: 2, read: 2, failed: 0 });
    expect(tokens()).toEqual(["token-1", "token-2"]);
    expect(stored).toEqual(["1 read 1", "1 read 2"]);
  });

  test("of the next user are used, when one can't see it", async () => {
    const { run, tokens, stored } = setUp({
      pulls: [due(1, [await reader(1, true), await reader(2), await reader(3)])],
      answer: ({ token }) => token === "token-1" ? { kind: "not_seen" } : { kind: "unchanged" },
    });
    expect((await run()).body).toMatchObject({ requests: 2, unchanged: 1, not_seen: 1 });
    expect(tokens()).toEqual(["token-1", "token-2"]);
    expect(stored).toEqual(["1 not_seen 1", "1 unchanged 2"]);
  });

  test("of users who all can't see it: that is stored", async () => {
    const { run, stored } = setUp({
      pulls: [due(1, [await reader(1, true), await reader(2)])],
      answer: () => ({ kind: "not_seen" }),
    });
    await run();
    expect(stored).toEqual(["1 not_seen 1", "1 not_seen 2", "1 unseen l"]);
  });

  test("are not needed for what may be public, always for what is private", async () => {
    const { run, tokens, stored } = setUp({
      pulls: [due(1, [], { is_private: null }), due(2, [], { is_private: false }), due(3, [])],
    });
    await run();
    expect(tokens()).toEqual([null, null]);
    expect(stored).toEqual(["1 read l", "2 read l"]);
  });

  test("that GitHub rejects are marked, and not used again", async () => {
    const [one, two] = [await reader(1), await reader(2)];
    const { run, tokens, stored, calls } = setUp({
      pulls: [due(1, [one, two]), due(2, [one])],
      answer: ({ token }) => token === "token-1" ? { kind: "token_rejected" } : OK,
    });
    expect((await run()).body).toMatchObject({ tokens_refused: 1, read: 1 });
    expect(tokens()).toEqual(["token-1", "token-2"]);
    expect(stored).toEqual(["mark_secret_checked", "1 read 2"]);
    expect(calls[1]?.args).toEqual({ id: one.secret_id, is_valid: false });
  });

  test("that belong to another user or were changed can't be decrypted", async () => {
    const [one, two] = [await reader(1), await reader(2)];
    const { run, tokens } = setUp({ pulls: [due(1, [{ ...one, sealed: two.sealed }]), due(2, [two])] });
    expect((await run()).body).toMatchObject({ tokens_refused: 1, read: 1 });
    expect(tokens()).toEqual(["token-2"]);
  });

  test("whose hourly limit is reached are not used, and the others are", async () => {
    const [one, two] = [await reader(1), await reader(2)];
    const { run, tokens, stored } = setUp({
      pulls: [due(1, [one]), due(2, [one]), due(3, [two]), due(4, [one], { is_private: false })],
      answer: ({ token }) => token === "token-1" ? { kind: "exhausted" } : OK,
    });
    expect((await run()).body).toMatchObject({ stopped: null, read: 1 });
    expect(tokens()).toEqual(["token-1", "token-2"]);
    expect(stored).toEqual(["3 read 2"]);
  });
});

describe("the budget", () => {
  /** An hour with so many requests per token, and without one. */
  const hour = (limit: number) => {
    const settled: string[] = [];
    const budgets: Budgets = {
      open(provider, secretId) {
        let [left, returned] = [limit, 0];
        return {
          take: () =>
            Promise.resolve(left-- > 0 ? { kind: "granted" } : { kind: "refused", retryAt: new Date(0) }),
          giveBack: () => void returned++,
          report: ({ remaining }) => settled.push(`reports ${remaining}`),
          settle: () =>
            Promise.resolve(void settled.push(`${provider} ${secretId?.slice(-1)} returns ${returned}`)),
        };
      },
    };
    return { budgets, settled };
  };

  test("of a token is kept to: what its user waits for is not asked without one", async () => {
    const [one, two] = [await reader(1), await reader(2)];
    const { budgets } = hour(1);
    const { run, tokens } = setUp({
      pulls: [due(1, [one]), due(2, [one], { is_private: false }), due(3, [two])],
      deps: { budgets },
    });
    expect((await run()).body).toMatchObject({ stopped: null, read: 2, failed: 0 });
    expect(tokens()).toEqual(["token-1", "token-2"]);
  });

  test("gets back what cost nothing, and what GitHub reports", async () => {
    const { budgets, settled } = hour(9);
    const { run } = setUp({
      pulls: [due(1, [await reader(1)])],
      answer: ({ onLimit }) => {
        onLimit?.({ remaining: 7, resetsAt: new Date(0) });
        return { kind: "unchanged" };
      },
      deps: { budgets },
    });
    await run();
    expect(settled).toEqual(["reports 7", "github 1 returns 1"]);
  });

  test("that can't be asked stops the sweep, and GitHub is not asked", async () => {
    const unavailable = {
      ...UNLIMITED.open("github", null),
      take: () => Promise.resolve({ kind: "unavailable" }),
    };
    const { run, questions } = setUp({
      pulls: [due(1, [await reader(1)]), due(2, [await reader(2)]), due(3, [await reader(3)])],
      deps: { budgets: { open: () => unavailable as ReturnType<Budgets["open"]> } },
    });
    expect((await run()).body).toMatchObject({ stopped: "failing", requests: 0 });
    expect(questions).toEqual([]);
  });
});

describe("it stops", () => {
  const many = () => Array.from({ length: 9 }, (_, at) => at + 1).map((n) => due(n, [one]));
  let one: DuePull["readers"][number];

  const until = new Date("2026-03-01T10:01:00Z");
  const paused = { name: "pause_github_sweep", args: { until: until.toISOString(), secret_id: null } };

  test("when GitHub asks for it without a token, until the time that GitHub gives", async () => {
    const { run, calls } = setUp({
      pulls: many().map((pull) => ({ ...pull, is_private: false, readers: [] })),
      answer: (_question, at) => at === 2 ? { kind: "limited", until } : OK,
    });
    const { body } = await run();
    expect(body).toMatchObject({ stopped: "limited", requests: 2, paused_until: until.toISOString() });
    expect(calls.at(-1)).toEqual(paused);
  });

  test("not for a limit of one token: that one rests, and the others are asked with", async () => {
    const two = await reader(2);
    one = await reader(1);
    const { run, calls, tokens } = setUp({
      pulls: [due(1, [one]), due(2, [one]), due(3, [two]), due(4, [one, two])],
      answer: ({ token }) => token === "token-1" ? { kind: "limited", until } : OK,
    });
    const { body } = await run();
    expect(body).toMatchObject({ stopped: null, paused_until: null, tokens_limited: 1, read: 2 });
    expect(tokens()).toEqual(["token-1", "token-2", "token-2"]);
    expect(calls.filter(({ name }) => name === paused.name))
      .toEqual([{ ...paused, args: { ...paused.args, secret_id: one.secret_id } }]);
  });

  test("when the database knows of another account that is limited", async () => {
    one = await reader(1);
    const later = "2026-03-01T10:00:30+00:00";
    const { run } = setUp({
      pulls: many(),
      answer: () => ({ kind: "limited", until }),
      results: { pause_github_sweep: { ok: true, data: later } },
    });
    expect((await run()).body).toMatchObject({ stopped: "limited", requests: 1, paused_until: later });
  });

  test("when its requests or its time are used up", async () => {
    one = await reader(1);
    const requests = setUp({ pulls: many(), deps: { maxRequests: 3 } });
    expect((await requests.run()).body).toMatchObject({ stopped: "requests", requests: 3, read: 3 });
    let now = 0;
    const time = setUp({ pulls: many(), deps: { clock: () => now += 10, maxMs: 100 } });
    const { body } = await time.run();
    expect(body).toMatchObject({ stopped: "time" });
    expect(body.requests).toBeLessThan(9);
  });

  test("after three failures in a row, not one or two", async () => {
    one = await reader(1);
    const failed: GithubAnswer = { kind: "failed", why: "timeout" };
    const sometimes = setUp({
      pulls: many(),
      answer: (_question, at) => at % 3 === 0 ? OK : failed,
    });
    expect((await sometimes.run()).body).toMatchObject({ stopped: null, read: 3, failed: 6 });
    const always = setUp({ pulls: many(), answer: () => failed });
    expect((await always.run()).body).toMatchObject({ stopped: "failing", requests: 3 });
    expect(always.stored).toEqual([]);
  });
});
