import { FLOWS, type Goal, type Numbers, type User } from "./devpulse-model.ts";

// What goals come to, computed from all snapshots, as plainly as can be.

export interface GoalState {
  baseline: number | null;
  current: number;
  achievedOn: number | null;
}

/** What a goal comes to over the final snapshots, its days counted from its user's current one. */
export function goalState(
  goal: Goal,
  snapshots: ReadonlyMap<string, Record<string, Numbers>>,
  users: readonly User[],
  isIncomplete: (date: number, platform: string) => boolean,
): GoalState {
  const today = users[goal.user]?.today ?? NaN;
  const value = (day: number): number | null => {
    const rows = users.flatMap((_, user): Record<string, Numbers>[] => {
      if (!goal.inWorkspace && user !== goal.user) return [];
      const row = snapshots.get(`${user} ${goal.inWorkspace} ${goal.platform} daily ${today + day}`);
      return row ? [row] : [];
    });
    if (goal.inWorkspace && isIncomplete(today + day, goal.platform)) return null;
    const cells = rows.flatMap((row) =>
      Object.values(row).flatMap((numbers) => goal.metric in numbers ? [numbers[goal.metric] ?? null] : [])
    );
    return cells.length === 0 || cells.includes(null)
      ? null
      : cells.reduce<number>((a, b) => a + (b ?? 0), 0);
  };
  const isFlow = FLOWS.some((flow) => flow === goal.metric);
  const end = goal.end ?? 2;
  const known = (from: number, to: number): [number, number][] => {
    const found: [number, number][] = [];
    for (let day = from; day <= to; day++) {
      const number = value(day);
      if (number !== null) found.push([day, number]);
    }
    return found;
  };
  return isFlow ? flowState(goal, known, end) : levelState(goal, known, end);
}

type Known = (from: number, to: number) => [number, number][];

const amountOf = (goal: Goal, baseline: number | null, number: number): number | null => {
  if (!goal.isPercentage) return number;
  return baseline === null ? null : 100 * (number - baseline) / (baseline === 0 ? 1 : baseline);
};

const rounded = (number: number | null): number => Math.round((number ?? 0) * 10_000) / 10_000;

function levelState(goal: Goal, known: Known, end: number): GoalState {
  const until = Math.min(end, 2);
  const before = known(-60, Math.min(goal.start, until)).at(-1);
  const baseline = before?.[1] ?? known(goal.start, until)[0]?.[1] ?? null;
  const last = known(-60, until).at(-1);
  const amounts = (from: number, to: number) =>
    known(from, to).map(([day, number]) => [day, amountOf(goal, baseline, number)] as const);
  let achievedOn: number | null = null;
  if (!goal.keepsBelow) {
    achievedOn = amounts(goal.start, until).find(([, amount]) =>
      amount !== null && amount >= goal.target
    )?.[0] ?? null;
  } else if (end < 0) {
    const within = amounts(goal.start, end);
    const decisive = amounts(end, 0)[0];
    const isBelow = [...within, ...decisive ? [decisive] : []].every(([, amount]) =>
      amount !== null && amount <= goal.target
    );
    if (within.length > 0 && decisive && isBelow) achievedOn = end;
  }
  return { baseline, current: rounded(last ? amountOf(goal, baseline, last[1]) : null), achievedOn };
}

function flowState(goal: Goal, known: Known, end: number): GoalState {
  const length = end - goal.start + 1;
  const counted = known(goal.start, Math.min(end, 2));
  const previous = known(goal.start - length, goal.start - 1);
  const sumOf = (days: readonly [number, number][]) => days.reduce((sum, [, number]) => sum + number, 0);
  const baseline = goal.isPercentage
    ? previous.length > 0 ? sumOf(previous) : null
    : counted.length > 0
    ? 0
    : null;
  const current = amountOf(goal, baseline, sumOf(counted));
  let achievedOn: number | null = null;
  if (goal.keepsBelow) {
    if (end < 0 && counted.length === length && current !== null && current <= goal.target) achievedOn = end;
  } else {
    let running = 0;
    for (const [day, number] of counted) {
      running += number;
      const amount = amountOf(goal, baseline, running);
      if (achievedOn === null && amount !== null && amount >= goal.target) achievedOn = day;
    }
  }
  return { baseline, current: rounded(current), achievedOn };
}
