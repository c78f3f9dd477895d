import { expect, test } from "vitest";
import { useDatabase } from "../../supabase/tests/support/database.ts";
import { createRandom } from "../bench/words.ts";
import { areaUnderCurve } from "./metrics.ts";
import { readTexts, SHARED } from "./texts.ts";

// Decisions of a community that is unlike those of the training texts, and wrong ones.

const sql = await useDatabase();

interface Decided {
  text: string;
  isIssue: boolean;
}

const PLACES = [
  "berth 4",
  "the slipway",
  "the clubhouse",
  "jetty B",
  "the crane",
  "the kitchen",
  "the gate",
  "the shed",
];

/** A boat club, in which what has to be done is told as a fact, and questions are talk. */
const ISSUES = [
  "PLACE squeaks when the tide is low",
  "rope on PLACE is worn through, seen at noon",
  "paint is coming off PLACE",
  "lamp out at PLACE again",
  "water in PLACE this morning, about two buckets",
  "somebody parked across PLACE, red van",
  "wasps under PLACE",
  "the bin by PLACE is full",
];
const TALK = [
  "how do I get to PLACE from the station?",
  "who can help me paint PLACE on Saturday?",
  "can't make it to PLACE tonight, sorry",
  "does anybody have a photo of PLACE from the regatta?",
  "what time do we meet at PLACE?",
  "lovely evening at PLACE",
  "is there coffee at PLACE?",
  "I forgot my jacket at PLACE, will fetch it myself",
];

function boatClub(count: number, seed: number): Decided[] {
  const random = createRandom(seed);
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? "";
  return Array.from({ length: count }, () => {
    const isIssue = random() < 0.5;
    return { text: pick(isIssue ? ISSUES : TALK).replace("PLACE", pick(PLACES)), isIssue };
  });
}

async function judge(texts: readonly Decided[]): Promise<number[]> {
  const rows = await sql<{ p: number }[]>`
    select private.issue_likelihood(null, t.body) as p
    from unnest(${texts.map(({ text }) => text)}::text[]) with ordinality as t (body, number)
    order by t.number
  `;
  return rows.map(({ p }) => p);
}

const area = async (texts: readonly Decided[]): Promise<number> =>
  areaUnderCurve(await judge(texts), texts.map(({ isIssue }) => isIssue));

/** Replaces all decisions by these, and runs the nightly job. */
async function decide(texts: readonly Decided[]): Promise<void> {
  await sql`delete from public.circle_issues where message_id like 'learned-%'`;
  await sql`
    with messages as (
      insert into public.circle_issues (message_id, title, body)
      select 'learned-' || t.number, 'x', t.body
      from unnest(${texts.map(({ text }) => text)}::text[]) with ordinality as t (body, number)
      returning id, message_id
    )
    insert into private.triage_decisions (circle_issue_id, is_issue, likelihood)
    select m.id, d.is_issue::boolean, 0.5
    from messages as m
    join unnest(${
    texts.map(({ isIssue }) => String(isIssue))
  }::text[]) with ordinality as d (is_issue, number)
      on m.message_id = 'learned-' || d.number
  `;
  await sql`select private.run_triage_learning()`;
}

test("200 decisions of another kind of community improve what it is told, and spoil nothing", async () => {
  const others = boatClub(200, 1);
  const shared = readTexts(SHARED).map(({ text, is_issue }) => ({ text, isIssue: is_issue }));
  const before = await area(others);
  expect(before).toBeLessThan(0.75);
  await decide(boatClub(200, 2));
  expect(await area(others)).toBeGreaterThan(0.95);
  expect(await area(shared)).toBeGreaterThan(0.95);
});

test("20 wrong decisions hardly harm", async () => {
  const shared = readTexts(SHARED).map(({ text, is_issue }) => ({ text, isIssue: is_issue }));
  await decide([]);
  const before = await judge(shared);
  for (
    const wrong of [
      shared.filter(({ isIssue }) => isIssue),
      shared.filter(({ isIssue }) => !isIssue),
      shared,
    ]
  ) {
    const decided = wrong.slice(0, 20).map(({ text, isIssue }) => ({ text, isIssue: !isIssue }));
    await decide(decided);
    const others = shared.filter(({ text }) => !decided.some((of) => of.text === text));
    expect(await area(others)).toBeGreaterThan(0.97);
    const after = await judge(shared);
    const moved = after.reduce((sum, p, at) => sum + Math.abs(p - (before[at] ?? 0)), 0) / shared.length;
    expect(moved).toBeLessThan(0.15);
  }
});
