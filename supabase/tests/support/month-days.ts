// Days and time zones, and chance from a seed, for a month that a test drives.

export const DAY_MS = 86_400_000;
export const HOUR_MS = 3_600_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** The wall clock of a time zone, as if it were UTC. */
function wallClock(zone: string, at: number): number {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
    formats.set(zone, format);
  }
  return Date.parse(`${format.format(at).replace(" ", "T")}Z`);
}

/** A day as `2026-11-01`. */
export type Day = string;

export const dayOf = (zone: string, at: number): Day =>
  new Date(wallClock(zone, at)).toISOString().slice(0, 10);

export const addDays = (day: Day, days: number): Day =>
  new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);

/** When a day begins. No zone of the tests changes its clock at midnight. */
export function startOf(zone: string, day: Day): number {
  const local = Date.parse(day);
  const guess = local - (wallClock(zone, local) - local);
  return local - (wallClock(zone, guess) - guess);
}

export const hoursOf = (zone: string, day: Day): number =>
  (startOf(zone, addDays(day, 1)) - startOf(zone, day)) / HOUR_MS;

/** The last day up to this one that does not have 24 hours. */
export function lastClockChange(zone: string, day: Day): Day {
  let found = day;
  while (hoursOf(zone, found) === 24) found = addDays(found, -1);
  return found;
}

export const daysBetween = (from: Day, to: Day): Day[] => {
  const days = [];
  for (let day = from; day <= to; day = addDays(day, 1)) days.push(day);
  return days;
};

export type PeriodType = "weekly" | "monthly";

export const periodStart = (type: PeriodType, day: Day): Day =>
  type === "monthly" ? `${day.slice(0, 7)}-01` : addDays(day, -((new Date(day).getUTCDay() + 6) % 7));

export const periodEnd = (type: PeriodType, start: Day): Day =>
  type === "monthly" ? addDays(periodStart("monthly", addDays(start, 31)), -1) : addDays(start, 6);

export interface Chance {
  /** Whether something with this probability happens. */
  hits(probability: number): boolean;
  /** A whole number from 0 up to, and without, `limit`. */
  below(limit: number): number;
  pick<T>(list: readonly T[]): T;
}

/** The same chance for the same seed (mulberry32). */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    hits: (probability) => next() < probability,
    below,
    pick(list) {
      const one = list[below(list.length)];
      if (one === undefined) throw new Error("nothing to pick from");
      return one;
    },
  };
}
