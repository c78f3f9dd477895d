import { addDays, type Day, daysBetween, startOf } from "./month-days.ts";
import type { Snapshots } from "./month-snapshots.ts";
import type { Platform } from "./sync.ts";

// What goals come to, counted from snapshots.

export interface Goal {
  id: string;
  platform: Platform | "all";
  /** As the user names it. */
  type: string;
  metric: string;
  target: number;
  unit: string;
  start: Day;
  end: Day | null;
  direction: "reach" | "keep_below";
  achievedAt: number | null;
}

const min = (a: Day, b: Day | null): Day => b !== null && b < a ? b : a;

/** Undefined: there is no snapshot, or none with the metric. Null: it is not known. */
function valueOf(snapshots: Snapshots, { platform, metric }: Goal, day: Day): number | null | undefined {
  const platforms: Platform[] = platform === "all" ? ["github", "youtube", "devto"] : [platform];
  const values = platforms.map((one) => snapshots.daily(one, day)?.[metric]).filter((one) =>
    one !== undefined
  );
  if (values.length === 0) return undefined;
  return values.includes(null) ? null : values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

interface Amounts {
  /** Known days with the amount of each. */
  days: { day: Day; amount: number }[];
  current: number;
}

function amountsOf(snapshots: Snapshots, goal: Goal, firstDay: Day): Amounts {
  const until = min(addDays(snapshots.today, 2), goal.end);
  const known = (from: Day, to: Day) =>
    daysBetween(from, to).flatMap((day) => {
      const value = valueOf(snapshots, goal, day);
      return value === null || value === undefined ? [] : [{ day, value }];
    });
  const within = known(goal.start, until);
  if (goal.metric === "commits") {
    let running = 0;
    const days = within.map(({ day, value }) => ({ day, amount: running += value }));
    return { days, current: running };
  }
  const baseline = known(firstDay, min(goal.start, until)).at(-1)?.value ?? within[0]?.value;
  const amount = (value: number): number =>
    goal.unit === "percentage" ? 100 * (value - (baseline ?? 0)) / (baseline || 1) : value;
  const last = known(firstDay, until).at(-1);
  return {
    days: within.map(({ day, value }) => ({ day, amount: amount(value) })),
    current: last ? amount(last.value) : 0,
  };
}

export const currentValue = (snapshots: Snapshots, goal: Goal, firstDay: Day): number =>
  Math.round(amountsOf(snapshots, goal, firstDay).current * 10_000) / 10_000;

/** Looks whether a goal is achieved now; once it is, it stays so. */
export function follow(snapshots: Snapshots, goal: Goal, firstDay: Day, timezone: string, at: number): void {
  if (goal.achievedAt !== null) return;
  const on = goal.direction === "reach"
    ? amountsOf(snapshots, goal, firstDay).days.find(({ amount }) => amount >= goal.target)?.day
    : keptBelow(snapshots, goal, firstDay);
  if (on !== undefined) goal.achievedAt = Math.min(at, startOf(timezone, addDays(on, 1)) - 1);
}

/** Its last day, once that is over and no day was above. */
function keptBelow(snapshots: Snapshots, goal: Goal, firstDay: Day): Day | undefined {
  const { end } = goal;
  if (end === null || snapshots.today <= end) return undefined;
  // a gap on the last day is decided by the next one
  const { days } = amountsOf(snapshots, { ...goal, end: addDays(end, 31) }, firstDay);
  const next = days.findIndex(({ day }) => day >= end);
  if (next === -1 || !days.some(({ day }) => day <= end)) return undefined;
  return days.slice(0, next + 1).every(({ amount }) => amount <= goal.target) ? end : undefined;
}
