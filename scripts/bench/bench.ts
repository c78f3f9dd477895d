import type postgres from "postgres";

/** What one run of a contender came to. */
export interface Sample {
  operations: number;
  /** Wall time of all of them together. */
  ms: number;
  /** Whether it was given up at a time limit, so that it takes at least this long. */
  isCutOff?: boolean;
}

export interface Contender {
  name: string;
  /** One round's work, timed by itself so that what prepares it is not counted. */
  run(): Promise<Sample>;
}

/** What the first contender has to reach: its speed divided by that of the peer. */
export interface Floor {
  /** The name of the peer. */
  against: string;
  ratio: number;
}

/** Contenders that do the same, measured in turn. The first one is ours. */
export interface Comparison {
  name: string;
  title: string;
  /** Who sends the work: "8 connections", "1 connection". */
  clients: string;
  unit: "per second" | "ms";
  contenders: readonly [Contender, ...Contender[]];
  floors: readonly Floor[];
  /** The plan or whatever else explains ours where a floor is missed. */
  explain?: () => Promise<string>;
}

/** A case's data and what is measured over it. */
export interface Prepared {
  comparisons: readonly Comparison[];
  /** What was compared and how, for the page: sentences. */
  method: string;
  /** Does what nobody measures: starts processes, has plans made. */
  warmUp?: () => Promise<void>;
  /** Looks afterwards whether all work was done, once each. Throws when it was not. */
  verify?: () => Promise<void>;
  close(): Promise<void>;
}

export interface Case {
  name: string;
  title: string;
  prepare(bench: Bench): Promise<Prepared>;
}

export interface BenchDatabase {
  readonly name: string;
  /** Connection string of a role; default `postgres`. */
  url(role?: string): string;
  /** Connections to it. Close them with `end()`. */
  connect(options?: { role?: string; max?: number }): postgres.Sql;
}

/** What a case works with. */
export interface Bench {
  /** How often each contender runs. */
  readonly rounds: number;
  /** A number of rows or operations, made smaller for a quick look, never less than one. */
  scaled(full: number): number;
  progress(step: string): void;
  /** A new database with our migrations, or a copy of another one that nobody is connected to. */
  createDatabase(name: string, template?: BenchDatabase): Promise<BenchDatabase>;
  /** Connection strings of the cluster, for what opens a project over it. */
  url(database: string, role?: string): string;
  /** Makes data once for all cases that need it. */
  shared<T>(key: string, make: () => Promise<T>): Promise<T>;
}

/** Calls a step so often, in one loop a client, and times all of it. */
export async function loops(
  clients: number,
  each: number,
  step: (client: number, nth: number) => Promise<unknown>,
): Promise<Sample> {
  const started = performance.now();
  await Promise.all(Array.from({ length: clients }, async (_, client) => {
    for (let nth = 0; nth < each; nth++) await step(client, nth);
  }));
  return { operations: clients * each, ms: performance.now() - started };
}
