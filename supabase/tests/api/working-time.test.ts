import fc from "fast-check";
import { expect, test } from "vitest";
import { useDatabase } from "../support/database.ts";
import { size } from "../support/size.ts";

// Working time of generated calendars, against a model that asks Intl for the wall clock of each minute.

const MINUTE = 60_000;
const SPAN_MINUTES = 2 * 1440;

const sql = await useDatabase();

interface Interval {
  weekday: number;
  /** Minutes from midnight; the end is on the next day when it is not later. */
  opens: number;
  closes: number;
}

interface Calendar {
  timeZone: string;
  intervals: Interval[];
  /** Days from the first one of the span. */
  holidays: number[];
  /** Where the span begins. */
  from: Date;
  /** Minutes from there. */
  start: number;
  target: number;
}

/** A time zone, and the days in 2026 on which its clocks change. */
const ZONES: readonly (readonly [string, readonly string[]])[] = [
  ["UTC", []],
  ["Europe/Berlin", ["2026-03-29", "2026-10-25"]],
  ["America/New_York", ["2026-03-08", "2026-11-01"]],
  ["America/St_Johns", ["2026-03-08", "2026-11-01"]],
  ["Australia/Lord_Howe", ["2026-04-04", "2026-10-03"]],
  ["Pacific/Chatham", ["2026-04-04", "2026-09-26"]],
  ["Asia/Kolkata", []],
  ["Asia/Kathmandu", []],
];

const calendars: fc.Arbitrary<Calendar> = fc.constantFrom(...ZONES).chain(([timeZone, changes]) =>
  fc.record({
    timeZone: fc.constant(timeZone),
    intervals: fc.array(
      fc.record({
        weekday: fc.integer({ min: 1, max: 7 }),
        opens: fc.integer({ min: 0, max: 1439 }),
        closes: fc.integer({ min: 0, max: 1440 }),
      }).filter(({ opens, closes }) => opens !== closes),
      { minLength: 1, maxLength: 25 },
    ),
    holidays: fc.array(fc.integer({ min: -1, max: 3 }), { maxLength: 2 }),
    // the day before the clocks change, or any day
    from: fc.oneof(
      fc.constantFrom(...changes, "2026-07-01").map((day) => Date.parse(`${day}T00:00:00Z`) - 720 * MINUTE),
      fc.integer({ min: 0, max: 500_000 }).map((minutes) => Date.UTC(2026, 0, 1) + minutes * MINUTE),
    ).map((ms) => new Date(ms)),
    start: fc.integer({ min: 0, max: 1440 }),
    target: fc.integer({ min: 1, max: 600 }),
  })
);

/** For each minute of the span whether it is working time. */
function modelMinutes({ timeZone, intervals, holidays, from }: Calendar): boolean[] {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const days = new Set(holidays.map((day) => holidayOn(from, day)));
  return Array.from({ length: SPAN_MINUTES }, (_, at) => {
    const parts = new Map(
      format.formatToParts(from.getTime() + at * MINUTE).map(({ type, value }) => [type, value]),
    );
    const day = `${parts.get("year")}-${parts.get("month")}-${parts.get("day")}`;
    if (days.has(day)) return false;
    const minute = Number(parts.get("hour")) * 60 + Number(parts.get("minute"));
    const weekday = ((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7) + 1;
    return intervals.some(({ weekday: begins, opens, closes }) =>
      closes > opens
        ? begins === weekday && minute >= opens && minute < closes
        : begins === weekday && minute >= opens || begins % 7 + 1 === weekday && minute < closes
    );
  });
}

const holidayOn = (from: Date, day: number): string =>
  new Date(from.getTime() + day * 1440 * MINUTE).toISOString().slice(0, 10);

const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

/** The calendar as rows, in one statement. */
async function store({ timeZone, intervals, holidays, from }: Calendar): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    with calendar as (
      insert into public.service_calendars (name, time_zone) values ('Generated', ${timeZone}) returning id
    ),
    hours as (
      insert into public.service_hours (calendar_id, weekday, opens, closes)
      select c.id, h.weekday, h.opens, h.closes
      from calendar as c
      cross join jsonb_to_recordset(${
    sql.json(intervals.map(({ weekday, opens, closes }) => ({
      weekday,
      opens: clock(opens),
      closes: clock(closes),
    })))
  }) as h (weekday smallint, opens time, closes time)
    ),
    holidays as (
      insert into public.service_holidays (calendar_id, holiday_on)
      select distinct c.id, d.day::date
      from calendar as c cross join unnest(${holidays.map((day) => holidayOn(from, day))}::text[]) as d (day)
    )
    select id from calendar
  `;
  if (!row) throw new Error("The calendar was not stored.");
  return row.id;
}

test("generated calendars work when their wall clocks say so, and due times follow", async () => {
  await fc.assert(
    fc.asyncProperty(calendars, async (calendar) => {
      await sql`delete from public.service_calendars where not is_default`;
      const id = await store(calendar);
      const at = (minutes: number): Date => new Date(calendar.from.getTime() + minutes * MINUTE);
      const expected = modelMinutes(calendar);
      const [row] = await sql<{ minutes: boolean[]; seconds: number; due_at: Date | null }[]>`
        select
          array(
            select t.working @> m.at
            from private.load_working_time(${id}, tstzrange(${at(0)}, ${at(SPAN_MINUTES)})) as t (working)
            cross join generate_series(
              ${at(0)}::timestamptz, ${at(SPAN_MINUTES - 1)}::timestamptz, interval '1 minute'
            ) as m (at)
            order by m.at
          ) as minutes,
          public.count_business_seconds(${at(calendar.start)}, ${at(SPAN_MINUTES)}, ${id}) as seconds,
          public.add_business_minutes(${at(calendar.start)}, ${calendar.target}, ${id}) as due_at
      `;
      expect(row?.minutes).toEqual(expected);
      const rest = expected.slice(calendar.start);
      expect(row?.seconds).toBe(60 * rest.filter(Boolean).length);

      // the end of the minute with which the target is reached, if that is in the span
      let left = calendar.target;
      const last = rest.findIndex((isWorking) => isWorking && --left === 0);
      if (last >= 0) expect(row?.due_at).toEqual(at(calendar.start + last + 1));
      else {expect(row?.due_at === null || row?.due_at === undefined || row.due_at > at(SPAN_MINUTES)).toBe(
          true,
        );}
    }),
    { numRuns: size(20, 500), endOnFailure: false },
  );
});
