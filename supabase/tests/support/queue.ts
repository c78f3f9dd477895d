import { setTimeout as pause } from "node:timers/promises";
import postgres, { type Sql } from "postgres";
import type { TestDatabase } from "./database.ts";

// Shared by tests of the agents' queue: workers on connections of their own, and what must hold afterwards.

export interface Lease {
  task_id: string;
  fencing_token: string;
}

/** Who a connection is, as the API sets it for each request. */
export type Caller = { role: "service_role" | "anon" } | { role: "authenticated"; userId: string };

/**
 * A pool that connects as the API does: as `authenticator`, in the role of the caller.
 *
 * @param onclose called when one of its connections is closed
 */
export function connectAs(
  database: TestDatabase,
  caller: Caller,
  max = 1,
  onclose: () => void = () => {},
): Sql {
  const claims = {
    role: caller.role,
    ...("userId" in caller ? { sub: caller.userId } : {}),
  };
  return postgres(database.url("authenticator"), {
    max,
    onclose,
    onnotice: () => {},
    connection: { role: caller.role, "request.jwt.claims": JSON.stringify(claims) },
  });
}

export interface Worker {
  readonly name: string;
  readonly sql: Sql;
  /** The worker token that it sends; null for a server. */
  readonly token: string | null;
}

/** Claims a task of the agent claude, on `sql` or in a transaction of it; undefined for no task. */
export async function claim(worker: Worker, sql: Sql = worker.sql): Promise<Lease | undefined> {
  const [lease] = await sql<Lease[]>`
    select task_id, fencing_token
    from public.claim_task(worker => ${worker.name}, agents => '{claude}', worker_token => ${worker.token})
  `;
  return lease;
}

export async function complete(worker: Worker, lease: Lease, sql: Sql = worker.sql): Promise<void> {
  await sql`
    select public.complete_task(
      ${lease.task_id}, ${lease.fencing_token}, git_diff => ${`+ by ${lease.fencing_token}`},
      worker_token => ${worker.token}
    )
  `;
}

/** Lets the leases expire. */
export async function expire(admin: Sql, leases: Lease[]): Promise<void> {
  if (leases.length === 0) return;
  await admin`
    update public.task_attempts as a set lease_expires_at = clock_timestamp() - interval '1 microsecond'
    where a.ended_at is null and a.fencing_token = any (${
    leases.map(({ fencing_token }) => fencing_token)
  }::bigint[])
  `;
}

/** Repeats until the condition holds. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(20);
}

/** A sequence of numbers that is the same in every run. */
export function dice(seed: number): (sides: number) => number {
  let state = seed * 2654435761 % 4294967296;
  return (sides) => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return Math.floor(state / 4294967296 * sides);
  };
}

/** The attempts that began before another one of the same task had ended. */
export const overlaps = (admin: Sql): Promise<Lease[]> =>
  admin<Lease[]>`
    select a.task_id, a.fencing_token
    from (
      select a.*, lead(a.claimed_at) over (partition by a.task_id order by a.fencing_token) as next_at
      from public.task_attempts as a
    ) as a
    where a.next_at < coalesce(a.ended_at, 'infinity')
  `;

/** The tasks whose row and history contradict each other. */
export const contradictions = (admin: Sql) =>
  admin<{ id: string; status: string; outcomes: string[] }[]>`
    select t.id, t.status, h.outcomes
    from public.tasks as t
    cross join lateral (
      select coalesce(array_agg(coalesce(a.outcome, 'open') order by a.fencing_token), '{}') as outcomes
      from public.task_attempts as a where a.task_id = t.id
    ) as h
    where (t.status = 'running') <> ('open' = any (h.outcomes))
      or (t.status in ('completed', 'failed', 'cancelled')) <> (t.completed_at is not null)
      or t.status = 'running' and t.started_at is null
  `;
