import type { Sql } from "postgres";
import type {
  CircleState,
  FakeChatMessage,
  FakeMember,
  FakePost,
  FakeSpace,
} from "../../../scripts/fakes/circle.ts";
import { CircleApi } from "../../functions/_shared/circle-api.ts";
import type { Rpc } from "../../functions/_shared/database.ts";
import { parseMasterKeys } from "../../functions/_shared/encryption.ts";
import { createBudgets } from "../../functions/_shared/provider-budget.ts";
import { createHandler, type Report } from "../../functions/circle-sync/handler.ts";
import type { Community } from "./circle.ts";
import { type Chance, HOUR_MS } from "./month-days.ts";
import { createSqlRpc } from "./month-sync.ts";

export interface CommunityPlan {
  rooms: FakeSpace[];
  boards: FakeSpace[];
  members: FakeMember[];
  /** On average, in all rooms. */
  messagesPerHour: number;
  /** On average, in all boards. */
  postsPerDay: number;
  chance: Chance;
}

/** How many of something with this average happen. */
const some = (average: number, chance: Chance): number =>
  Math.floor(average) + (chance.hits(average % 1) ? 1 : 0);

/** A community whose members write, answer, edit and remove. */
export class LivingCommunity {
  /** Every message and reply that was ever written, also those that were removed. */
  readonly written: FakeChatMessage[] = [];
  readonly removed = new Set<number>();
  readonly #state: CircleState;
  readonly #plan: CommunityPlan;

  constructor(state: CircleState, plan: CommunityPlan) {
    this.#state = state;
    this.#plan = plan;
  }

  /** An hour that ends at `at`. */
  live(at: number): void {
    const { chance, messagesPerHour, postsPerDay } = this.#plan;
    const count = some(messagesPerHour, chance);
    for (let done = 0; done < count; done++) {
      this.#write(new Date(at - HOUR_MS + Math.floor((done + 0.5) / count * HOUR_MS)));
    }
    const recent = this.written.filter((one) =>
      !this.removed.has(one.id) && one.sentAt.getTime() > at - 24 * HOUR_MS
    );
    for (const message of recent) {
      if (chance.hits(0.002)) this.#state.edit(message, `${message.body} (edited)`);
      else if (chance.hits(0.001)) this.#remove(message);
    }
    for (let done = some(postsPerDay / 24, chance); done > 0; done--) this.#post(new Date(at - done * 1000));
  }

  #write(at: Date): void {
    const { chance, rooms, members } = this.#plan;
    const room = chance.pick(rooms);
    const author = chance.pick(members);
    // answers to what was written last, and now and then to what is older
    const roots = this.#state.roomOf(room.roomUuid ?? "").filter(({ parentId }) => parentId === null);
    const parent = roots.length > 0 && chance.hits(0.5) ? chance.pick(roots.slice(-12)) : undefined;
    const body = `${author.name} has error ${this.written.length} in the login`;
    this.written.push(this.#state.write(room, author, body, { at, ...(parent ? { parent } : {}) }));
  }

  #remove(message: FakeChatMessage): void {
    for (const reply of this.#state.repliesTo(message)) this.removed.add(reply.id);
    this.removed.add(message.id);
    this.#state.remove(message);
  }

  #post(at: Date): void {
    const { chance, boards, members } = this.#plan;
    const post: FakePost = this.#state.addPost(
      chance.pick(boards),
      chance.pick(members),
      "Export fails",
      "The export ends with an error",
      at,
    );
    this.#state.addComment(chance.pick(this.#state.posts.slice(-10)), chance.pick(members), "Same here");
    if (chance.hits(0.2)) {
      post.body += ", edited";
      post.updatedAt = this.#state.now();
    }
  }
}

export interface MonthWorker {
  /** Reads what is due. Where it was killed at its beginning, it reports nothing. */
  run(): Promise<Partial<Report>>;
  /** The function is killed at its next call of the database. */
  kill(): void;
}

/**
 * circle-sync in this process, at the time of the test. The database's own clock goes on as it does: what it has written in an
 * earlier hour is aged by `age`, and times that it compares with its own are translated.
 */
export function createMonthWorker(sql: Sql, { fake, bot, env }: Community, clock: () => number): MonthWorker {
  const keys = parseMasterKeys("KEYS", env["SECRETS_MASTER_KEYS"]);
  const direct = createSqlRpc(sql);
  let isKilled = false;
  let offset = 0;
  const rpc: Rpc = async (name, args) => {
    if (isKilled) return { ok: false, code: "killed", message: "" };
    if (name === "missing_circle_messages") {
      const began_at = new Date(Date.parse(String(args.began_at)) - offset).toISOString();
      return await direct(name, { ...args, began_at });
    }
    const result = await direct(name, args);
    if (name !== "claim_circle_reads" || !result.ok) return result;
    const claim = result.data as { now: string };
    offset = clock() - Date.parse(claim.now);
    return { ok: true, data: { ...claim, now: new Date(clock()).toISOString() } };
  };
  let token = fake.state.tokens.mint(bot.id).access_token;
  const handle = createHandler({
    rpc,
    masterKeys: () => keys,
    open: () =>
      new CircleApi({
        apiUrl: fake.url,
        fetch,
        memberTokens: {
          get: () => Promise.resolve({ kind: "ok", value: token }),
          renew: () =>
            Promise.resolve({ kind: "ok", value: token = fake.state.tokens.mint(bot.id).access_token }),
        },
        adminToken: "admin-v2-token",
        budgets: createBudgets({ rpc, sleep: () => Promise.resolve(), clock }),
        pause: (_, until) => Promise.resolve(until),
        clock,
      }),
    isServer: () => Promise.resolve(true),
    log: () => {},
    clock,
    newId: () => "month",
  });
  return {
    kill: () => void setTimeout(() => isKilled = true, 20),
    async run() {
      const response = await handle(new Request("http://localhost/", { method: "POST" }));
      isKilled = false;
      return await response.json() as Partial<Report>;
    },
  };
}

/** An hour passes for what the database has written by its own clock. */
export async function age(sql: Sql): Promise<void> {
  await sql`
    update private.circle_reads set
      next_read_at = next_read_at - interval '1 hour', lease_expires_at = lease_expires_at - interval '1 hour',
      read_at = read_at - interval '1 hour'
  `;
  await sql`
    update private.circle_seen_messages set
      seen_at = seen_at - interval '1 hour', replies_read_at = replies_read_at - interval '1 hour'
  `;
}
