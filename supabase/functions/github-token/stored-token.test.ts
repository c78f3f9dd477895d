import { describe, expect, test } from "vitest";
import type { RpcResult } from "../_shared/database.ts";
import { GITHUB_TOKEN, refusal, request, sealed, SECRET_ID, SET, setUp } from "./testing.ts";

describe("checking the stored token again", () => {
  test("stores GitHub's answer and returns the new state", async () => {
    const rpc = {
      read_secret: { ok: true, data: [await sealed()] },
      mark_secret_checked: { ok: true, data: true },
    } as const;
    const { handler, asked, called } = setUp({ rpc });
    expect(await (await handler(request("POST", "/check"))).json()).toEqual(SET);
    expect(asked).toEqual([GITHUB_TOKEN]);
    expect(called.at(-1)).toEqual({
      name: "mark_secret_checked",
      args: {
        id: SECRET_ID,
        is_valid: true,
        metadata: { login: "octocat", scopes: ["repo"], expires_at: null },
      },
    });
  });

  test("a token that GitHub now rejects is marked, which is not an error", async () => {
    const rpc = { read_secret: { ok: true, data: [await sealed()] } } as const;
    const { handler, called } = setUp({
      rpc,
      check: { outcome: "rejected", status: 401, message: "Bad credentials" },
    });
    expect((await handler(request("POST", "/check"))).status).toBe(200);
    expect(called.at(-1)?.args).toEqual({ id: SECRET_ID, is_valid: false, metadata: {} });
  });

  test("nothing is marked while GitHub can't be asked", async () => {
    const rpc = { read_secret: { ok: true, data: [await sealed()] } } as const;
    const { handler, called } = setUp({ rpc, check: { outcome: "unavailable", cause: "x", retryAfter: 1 } });
    expect(await refusal(await handler(request("POST", "/check")))).toBe("503 agents_github_unavailable");
    expect(called.map(({ name }) => name)).toEqual(["read_secret"]);
  });

  test("where no token is stored, that is the error", async () => {
    expect(await refusal(await setUp().handler(request("POST", "/check")))).toBe(
      "404 agents_github_token_unknown",
    );
  });

  test("a token of another row can't be decrypted", async () => {
    const rpc = { read_secret: { ok: true, data: [{ ...await sealed(), user_id: SECRET_ID }] } } as const;
    const { handler, logged } = setUp({ rpc });
    expect(await refusal(await handler(request("POST", "/check")))).toBe(
      "500 agents_github_token_unavailable",
    );
    expect(logged).toMatchObject([{ cause: "not_authentic" }]);
  });
});

describe("revealing it", () => {
  const lease = (task_id: unknown = 7, fencing_token: unknown = "9007199254740993"): Request =>
    request("POST", "/reveal", JSON.stringify({ task_id, fencing_token }));

  test("to a server that has the task's lease", async () => {
    const rpc = { task_github_token: { ok: true, data: [await sealed()] } } as const;
    const { handler, called, logged } = setUp({ rpc, isServer: true });
    const response = await handler(lease());
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({ token: GITHUB_TOKEN, login: "octocat" });
    expect(called[0]?.args).toEqual({ task_id: 7, fencing_token: "9007199254740993" });
    expect(JSON.stringify(logged)).not.toContain("canary");
    expect(logged).toMatchObject([{ action: "reveal", task_id: 7 }]);
  });

  test("not to a person", async () => {
    const { handler, called } = setUp();
    expect(await refusal(await handler(lease()))).toBe("401 secret_key_required");
    expect(called).toEqual([]);
  });

  test.each([[0, 1], [1, -1], ["1; drop", 1], [1.5, 1], [null, 1], ["12345678901234567890", 1]])(
    "not for the lease %s, %s",
    async (task_id, fencing_token) => {
      const { handler } = setUp({ isServer: true });
      expect(await refusal(await handler(lease(task_id, fencing_token)))).toBe("422 agents_lease_invalid");
    },
  );

  test.each<[string, RpcResult, string]>([
    [
      "lease",
      { ok: false, code: "PT409", message: "agents_task_lease_expired" },
      "409 agents_task_lease_expired",
    ],
    [
      "token",
      { ok: false, code: "PT404", message: "agents_github_token_unknown" },
      "404 agents_github_token_unknown",
    ],
    ["database", { ok: false, code: "unreachable", message: "x" }, "503 database_unavailable"],
  ])("not without its %s", async (_, task_github_token, expected) => {
    const { handler } = setUp({ isServer: true, rpc: { task_github_token } });
    expect(await refusal(await handler(lease()))).toBe(expected);
  });
});
