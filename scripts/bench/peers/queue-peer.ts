import type { Sample } from "../bench.ts";
import { between, createRandom, createWriter } from "../words.ts";

/** Another queue in PostgreSQL, as its users run it: a job is taken and finished, each in a transaction of its own. */
export interface QueuePeer {
  readonly name: string;
  /** Empties the queue, fills it with `count` jobs, and has `workers` take and finish `each` of them. */
  run(workers: number, each: number, count: number): Promise<Sample>;
  close(): Promise<void>;
}

/** Requests of 100 to 400 characters, the same in every queue. */
export function createRequests(count: number): string[] {
  const random = createRandom(count);
  const write = createWriter(random);
  return Array.from({ length: count }, () => write(between(random, 16, 55)));
}

/** What a job of a peer holds: what a task has, so that all of them write about as many bytes. */
export const createPayloads = (count: number): Record<string, unknown>[] => {
  const requests = createRequests(500);
  return Array.from({ length: count }, (_, index) => ({
    task_id: index,
    project_id: index,
    agent: "claude",
    repo_url: "https://github.com/acme/widget",
    target_branch: "main",
    chat_messages: [{ role: "user", content: requests[index % 500], timestamp: 1_750_000_000 + index }],
  }));
};
