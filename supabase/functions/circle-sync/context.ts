import { z } from "zod";
import type { CircleAnswer, CircleApi } from "../_shared/circle-api.ts";
import type { Rpc } from "../_shared/database.ts";
import type { Read, ReadSettings } from "./claim.ts";
import { LeaseLost, ReadStop, stopOf } from "./stop.ts";

const REFUSED = Symbol("refused");

/** Deeper than any text that Circle's editor makes. */
const MAX_DEPTH = 200;

/** PostgreSQL's jsonb has neither U+0000 nor halves of surrogate pairs; what is nested too deeply is left out. */
export function toStorable(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return value.replaceAll("\0", "\ufffd").toWellFormed();
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) return null;
  if (Array.isArray(value)) return value.map((one) => toStorable(one, depth + 1));
  const entries = Object.entries(value).map(([name, one]) => [toStorable(name), toStorable(one, depth + 1)]);
  return Object.fromEntries(entries);
}

export interface ContextTools {
  rpc: Rpc;
  /** Milliseconds since 1970. */
  clock: () => number;
  /** When nothing more is asked, in milliseconds since 1970. */
  deadline: number;
  /** How many requests a run may make before another one goes on. */
  maxRequests: number;
}

export interface Counts {
  /** Messages, replies, posts and comments that were imported. */
  changed: number;
  /** The bot's own. */
  own: number;
  /** Without an id that can be read, or that the database can't store. */
  invalid: number;
  removed: number;
  rooms: number;
}

const recordedSchema = z.object({
  changed: z.int(),
  own: z.int(),
  invalid: z.int(),
  unknown_authors: z.int(),
});

/** One run: what a room, a space or the threads are read with, and stored. */
export class RunContext {
  readonly read: Read;
  readonly settings: ReadSettings;
  readonly api: CircleApi;
  readonly counts: Counts = { changed: 0, own: 0, invalid: 0, removed: 0, rooms: 0 };
  /** Whether there were authors whose e-mail address is not known. */
  hasUnknownAuthors = false;
  readonly #tools: ContextTools;

  constructor(read: Read, settings: ReadSettings, api: CircleApi, tools: ContextTools) {
    this.read = read;
    this.settings = settings;
    this.api = api;
    this.#tools = tools;
  }

  now(): number {
    return this.#tools.clock();
  }

  /** Asks Circle, or ends the run where it has had its share. Returns null where it answers 404. */
  async find<T>(ask: (api: CircleApi) => Promise<CircleAnswer<T>>): Promise<T | null> {
    const { clock, deadline, maxRequests } = this.#tools;
    if (clock() >= deadline || this.api.requests >= maxRequests) throw new ReadStop({ state: "more" });
    const answer = await ask(this.api);
    if (answer.kind === "ok") return answer.value;
    if (answer.kind === "not_found") return null;
    throw stopOf(answer, clock());
  }

  /** Asks Circle for what has to exist. */
  async ask<T>(ask: (api: CircleApi) => Promise<CircleAnswer<T>>): Promise<T> {
    const found = await this.find(ask);
    if (found === null) throw stopOf({ kind: "not_found" }, this.now());
    return found;
  }

  /**
   * Stores what was read, and where the next run goes on: both or nothing. A record that the database can't store is left
   * out, counted as invalid, and stops no other.
   */
  async record(records: readonly unknown[], cursor: Record<string, unknown> | null = null): Promise<void> {
    const stored = await this.#tryRecord(records, cursor);
    if (stored) return;
    if (records.length === 1) {
      this.counts.invalid++;
      await this.call("record_circle_messages", { records: [], cursor });
      return;
    }
    // the position comes last, so that a run that dies reads all of them again
    for (const record of records) await this.record([record]);
    await this.record([], cursor);
  }

  /** False where the database refuses a value: classes 22, 23 and 54 of SQLSTATE. */
  async #tryRecord(records: readonly unknown[], cursor: Record<string, unknown> | null): Promise<boolean> {
    const args = { records: records.map((record) => toStorable(record)), cursor };
    const data = await this.#callOrRefused("record_circle_messages", args);
    if (data === REFUSED && records.length > 0) return false;
    const recorded = recordedSchema.parse(data);
    this.counts.changed += recorded.changed;
    this.counts.own += recorded.own;
    this.counts.invalid += recorded.invalid;
    this.hasUnknownAuthors ||= recorded.unknown_authors > 0;
    return true;
  }

  async recordRemovals(messageIds: string[]): Promise<void> {
    if (messageIds.length === 0) return;
    this.counts.removed += z.int().parse(
      await this.call("record_circle_removals", { message_ids: messageIds }),
    );
  }

  /** Calls a function of the run; throws `LeaseLost`, or a stop where the database can't be reached. */
  async call(name: string, args: Record<string, unknown>): Promise<unknown> {
    const data = await this.#callOrRefused(name, args);
    if (data === REFUSED) throw new ReadStop({ state: "failed", code: "loop_circle_storage_unavailable" });
    return data;
  }

  async #callOrRefused(name: string, args: Record<string, unknown>): Promise<unknown> {
    const result = await this.#tools.rpc(name, {
      read_id: this.read.id,
      fencing_token: this.read.fencing_token,
      ...args,
    });
    if (result.ok) return result.data;
    if (result.code === "PT410") throw new LeaseLost();
    if (/^(22|23|54)/.test(result.code)) return REFUSED;
    throw new ReadStop({ state: "failed", code: "loop_circle_storage_unavailable" });
  }
}
