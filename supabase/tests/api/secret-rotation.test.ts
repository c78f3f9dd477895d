import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { on } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ROOT } from "../../../scripts/local/paths.ts";
import { rotateSecrets } from "../../../scripts/secrets/rotate-secrets.ts";
import { decryptSecret, encryptSecret, parseMasterKeys } from "../../functions/_shared/encryption.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { server } from "../support/people.ts";

// Rotation over the real API: interrupted, continued, with concurrent writers, and with secrets that no key opens.

const OLD = `old:${randomBytes(32).toString("base64")}`;
const NEW = `new:${randomBytes(32).toString("base64")}`;
const LOST = `lost:${randomBytes(32).toString("base64")}`;
const oldKeys = parseMasterKeys("X", OLD);
const masterKeys = parseMasterKeys("X", `${NEW},${OLD}`);

interface Row {
  id: string;
  user_id: string;
  sealed: string;
}

let project: TestProject;
let sql: Sql;
beforeAll(async () => {
  project = await openTestProject();
  sql = connect(project.database);
});
afterAll(async () => {
  await sql.end();
  await project.close();
});

const plain = (userId: string): string => `ghp_${userId.replaceAll("-", "")}`;

/** Gives this many new users a token, sealed with these keys. */
async function plant(count: number, keys = oldKeys): Promise<Row[]> {
  const rows = await Promise.all(Array.from({ length: count }, async () => {
    const [id, user_id] = [randomUUID(), randomUUID()];
    const identity = { id, kind: "github_token", ownerId: user_id };
    return { id, user_id, sealed: await encryptSecret(keys, identity, plain(user_id)) };
  }));
  await sql`
    insert into auth.users (id, email) select r.user_id, r.user_id || '@example.org'
    from jsonb_to_recordset(${sql.json(rows as never)}) as r (user_id uuid)
  `;
  await sql`
    select public.set_github_token(r.user_id, r.id, r.sealed)
    from jsonb_to_recordset(${sql.json(rows as never)}) as r (id uuid, user_id uuid, sealed text)
  `;
  return rows;
}

const stored = (): Promise<(Row & { key_id: string })[]> =>
  sql<(Row & { key_id: string })[]>`select id, user_id, sealed, key_id from private.secrets order by id`;

async function counts(): Promise<Record<string, number>> {
  const rows = await sql<{ key_id: string; count: number }[]>`
    select key_id, count(*)::integer as count from private.secrets group by 1
  `;
  return Object.fromEntries(rows.map(({ key_id, count }) => [key_id, count]));
}

async function expectAllOpen(): Promise<void> {
  for (const { id, user_id, sealed } of await stored()) {
    const identity = { id, kind: "github_token", ownerId: user_id };
    expect(await decryptSecret(masterKeys, identity, sealed)).toBe(plain(user_id));
  }
}

beforeEach(() => sql`delete from auth.users where true`);

describe("rotateSecrets", () => {
  test("re-encrypts everything, and finds nothing more to do", async () => {
    await plant(25);
    const seen: string[] = [];
    const options = { client: server(project), masterKeys, batchSize: 10 };
    expect(await rotateSecrets({ ...options, progress: (done, total) => seen.push(`${done}/${total}`) }))
      .toEqual({ resealed: 25, changed: 0, failed: [], isStopped: false, remaining: [] });
    expect(seen).toEqual(["0/25", "10/25", "20/25", "25/25"]);
    expect(await counts()).toEqual({ new: 25 });
    await expectAllOpen();
    expect(await rotateSecrets(options)).toMatchObject({ resealed: 0 });
  });

  test("stops after a batch, and continues from there", async () => {
    await plant(25);
    const stop = new AbortController();
    const options = { client: server(project), masterKeys, batchSize: 10 };
    const cut = await rotateSecrets({
      ...options,
      signal: stop.signal,
      progress: (done) => done === 10 && stop.abort(),
    });
    expect(cut).toEqual({
      resealed: 10,
      changed: 0,
      failed: [],
      isStopped: true,
      remaining: [{ keyId: "old", count: 15 }],
    });
    expect(await counts()).toEqual({ new: 10, old: 15 });
    expect(await rotateSecrets(options)).toMatchObject({ resealed: 15, isStopped: false });
    await expectAllOpen();
  });

  test("leaves alone what was replaced or removed meanwhile", async () => {
    const rows = (await plant(10)).sort((a, b) => a.id < b.id ? -1 : 1);
    const [replaced, removed] = rows as [Row, Row];
    const client = server(project);
    // what happens between reading a batch and writing it
    const id = randomUUID();
    const identity = { id, kind: "github_token", ownerId: replaced.user_id };
    const sealed = await encryptSecret(masterKeys, identity, plain(replaced.user_id));
    const meanwhile = new Proxy(client, {
      get(target, name) {
        if (name !== "rpc") return Reflect.get(target, name);
        return async (...args: Parameters<typeof client.rpc>) => {
          if (args[0] === "reseal_secrets") {
            await sql`select public.set_github_token(${replaced.user_id}, ${id}, ${sealed})`;
            await sql`update public.users set github_token = null where id = ${removed.user_id}`;
          }
          return await target.rpc(...args);
        };
      },
    });
    expect(await rotateSecrets({ client: meanwhile, masterKeys }))
      .toMatchObject({ resealed: 8, changed: 2, failed: [], remaining: [] });
    const now = await stored();
    expect(now).toHaveLength(9);
    expect(now.find(({ user_id }) => user_id === replaced.user_id)).toMatchObject({ id, sealed });
    await expectAllOpen();
  });

  test("reports what does not open, and continues", async () => {
    await plant(5);
    const [lost] = await plant(1, parseMasterKeys("X", LOST)) as [Row];
    const [moved, other] = await plant(2) as [Row, Row];
    await sql`update private.secrets set sealed = ${other.sealed} where id = ${moved.id}`;
    const { resealed, failed, remaining } = await rotateSecrets({
      client: server(project),
      masterKeys,
      batchSize: 2,
    });
    expect(resealed).toBe(6);
    expect(failed.sort((a, b) => a.reason < b.reason ? -1 : 1)).toEqual([
      { id: lost.id, kind: "github_token", userId: lost.user_id, reason: "key_unknown" },
      { id: moved.id, kind: "github_token", userId: moved.user_id, reason: "not_authentic" },
    ]);
    expect(remaining.sort((a, b) => a.keyId < b.keyId ? -1 : 1))
      .toEqual([{ keyId: "lost", count: 1 }, { keyId: "old", count: 1 }]);
  });

  test("throws when the database does not answer", async () => {
    await plant(1);
    const broken = { rpc: () => Promise.resolve({ data: null, error: { message: "fetch failed" } }) };
    await expect(rotateSecrets({ client: broken as never, masterKeys })).rejects.toThrow("fetch failed");
    expect(await counts()).toEqual({ old: 1 });
  });
});

describe("npm run secrets:rotate", () => {
  function start(keys: string): { child: ChildProcess; ended: Promise<[number | null, string, string]> } {
    const child = spawn(process.execPath, [join(ROOT, "scripts/secrets/rotate.ts")], {
      env: {
        ...process.env,
        NO_COLOR: "1",
        SUPABASE_URL: project.url,
        SUPABASE_SECRET_KEY: project.secretKey,
        SECRETS_MASTER_KEYS: keys,
      },
    });
    let [out, err] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => out += text);
    child.stderr.setEncoding("utf8").on("data", (text: string) => err += text);
    const ended = new Promise<[number | null, string, string]>((resolve) =>
      child.once("close", (code) => resolve([code, out, err]))
    );
    return { child, ended };
  }

  /** Resolves once this text is on standard error, and rejects when the process ends without it. */
  async function printed({ stderr }: ChildProcess, text: string): Promise<void> {
    let seen = "";
    for await (const [chunk] of on(stderr as Readable, "data", { close: ["end"] })) {
      if ((seen += chunk).includes(text)) return;
    }
    throw new Error(`expected ${text} in ${seen}`);
  }

  test("reports the result, and which key is no longer needed", async () => {
    await plant(3);
    const [code, out, err] = await start(`${NEW},${OLD}`).ended;
    expect([code, out]).toEqual([
      0,
      "3 secrets are now sealed with master key new.\nNo secret needs old any more.\n",
    ]);
    expect(err).toContain("… 3 of 3");
  });

  test("exits with 1 and names what it could not open", async () => {
    const [row] = await plant(1, parseMasterKeys("X", LOST)) as [Row];
    const [code, out, err] = await start(NEW).ended;
    expect(code).toBe(1);
    expect(out).toContain("Master key lost is still needed by 1.");
    expect(err).toContain(`✗ github_token ${row.id} of user ${row.user_id}: key_unknown`);
  });

  test("stops at Ctrl-C with whole batches, and the next run continues", async () => {
    await plant(250);
    // the first batch waits for this transaction, so that the signal arrives in the middle of it
    const { child, ended } = await sql.begin(async (sql) => {
      await sql`select 1 from private.secrets for update`;
      const run = start(`${NEW},${OLD}`);
      await printed(run.child, "… 0 of 250");
      run.child.kill("SIGINT");
      await printed(run.child, "Stopping after the current batch.");
      return run;
    });
    const [code, out] = await ended;
    expect([code, child.signalCode]).toEqual([1, null]);
    expect(out).toContain("Stopped. Run it again to continue.");
    expect(await counts()).toEqual({ new: 100, old: 150 });
    expect((await start(`${NEW},${OLD}`).ended)[0]).toBe(0);
    expect(await counts()).toEqual({ new: 250 });
  });

  test("names the variable that it needs", async () => {
    const [code, , err] = await start("").ended;
    expect([code, err]).toEqual([1, expect.stringContaining("SECRETS_MASTER_KEYS is not set.")]);
  });
});
