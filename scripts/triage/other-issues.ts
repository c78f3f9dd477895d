import { between, createRandom, type Random } from "../bench/words.ts";
import {
  BROWSERS,
  DETAILS,
  ERRORS,
  FAULTS,
  OTHER_LANGUAGES,
  PLANS,
  QUESTIONS,
  type Subject,
  SUBJECTS,
  TIMES,
  WISHES,
} from "./other-issues-words.ts";

export interface OtherIssue {
  readonly title: string;
  readonly description: string;
}

const pick = <T>(random: Random, values: readonly T[]): T =>
  values[Math.floor(random() * values.length)] as T;

/**
 * Issues of the same products that are not about the problems that are looked for: the same for the same seed. One in
 * twelve is in another language than English. Up to 5,000 have a title of their own each.
 */
export function makeOtherIssues(count: number, seed = 12): OtherIssue[] {
  const random = createRandom(seed);
  const issues = new Map<string, OtherIssue>();
  for (let tries = 0; issues.size < count && tries < count * 50; tries++) {
    const issue = makeIssue(random);
    const key = count <= 5_000 ? issue.title : `${issue.title} ${issue.description}`;
    if (!issues.has(key)) issues.set(key, issue);
  }
  if (issues.size < count) throw new Error(`there are only ${issues.size} different issues`);
  return [...issues.values()];
}

function makeIssue(random: Random): OtherIssue {
  const subject = pick(random, SUBJECTS);
  const fill = (text: string): string => fillSlots(random, subject, text);
  if (random() < 1 / 12) {
    const [title, description] = pick(random, OTHER_LANGUAGES);
    return { title: fill(title), description: fill(description) };
  }
  const kind = random();
  const title = kind < 0.3
    ? specialTitle(random, subject)
    : fill(pick(random, kind < 0.72 ? FAULTS : kind < 0.86 ? WISHES : QUESTIONS));
  const details = Array.from({ length: between(random, 1, 4) }, () => fill(pick(random, DETAILS)));
  if (kind >= 0.3 && random() < 0.4) details.unshift(sentence(pick(random, subject.faults)));
  return { title: capital(title), description: [...new Set(details)].join(" ") };
}

/** What fails in this very part, with something that makes it one of several: who has it, or where. */
function specialTitle(random: Random, { name, faults }: Subject): string {
  const fault = pick(random, faults);
  const where = pick(random, [
    `in ${pick(random, BROWSERS)}`,
    `since ${pick(random, TIMES)}`,
    `on the ${pick(random, PLANS)} plan`,
    `for ${between(random, 2, 90)} members`,
    "for guests",
    "for admins",
    "again",
  ]);
  return `${capital(name)}: ${fault} ${where}`;
}

function fillSlots(random: Random, { name, things }: Subject, text: string): string {
  return text.replace(/%[ntbdcvehp]/g, (slot) => {
    switch (slot) {
      case "%n":
        return name;
      case "%t":
        return pick(random, things);
      case "%b":
        return pick(random, BROWSERS);
      case "%d":
        return pick(random, TIMES);
      case "%p":
        return pick(random, PLANS);
      case "%e":
        return pick(random, ERRORS);
      case "%h":
        return pick(random, ["400", "403", "404", "409", "429", "500", "502", "504"]);
      case "%v":
        return `${between(random, 0, 5)}.${between(random, 0, 20)}.${between(random, 0, 9)}`;
      default:
        return String(between(random, 2, 60));
    }
  });
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const sentence = (text: string): string => `${capital(text)}.`;
