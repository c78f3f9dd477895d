import { ISSUE_OF_MESSAGE, type LoopStep } from "./loop-steps.ts";

interface Issue {
  status: string;
  isResolved: boolean;
  isResolvedByFix: boolean;
  generation: number;
  /** When the generation began; the first one before everything. */
  since: number;
  link?: string;
}

/** The loop in a few lines: what the database has to come to. */
export class LoopModel {
  readonly #issues = new Map<number, Issue>();
  readonly #mapped = new Set<number>();
  /** issue, generation, hop, reference */
  readonly #ledger = new Map<string, [number, number, string, string]>();
  #promotions = 0;
  #task: "none" | "pending" | "running" = "none";
  #isEscalated = false;
  #time = 0;
  /** When the fix of the shared engineering issue shipped; undefined while it is open. */
  #shipped: number | undefined;

  constructor() {
    for (const number of [1, 2, 3]) {
      this.#issues.set(number, {
        status: "waiting_for_help",
        isResolved: false,
        isResolvedByFix: false,
        generation: 1,
        since: 0,
      });
      this.#record(number, "reported");
      this.#record(number, "triaged");
    }
  }

  apply(step: LoopStep): void {
    this.#time++;
    switch (step.do) {
      case "report":
        if (!this.#mapped.has(step.message)) {
          this.#mapped.add(step.message);
          this.#recordOnce(ISSUE_OF_MESSAGE[step.message - 1] ?? 0, "reported", String(step.message));
        }
        break;
      case "return":
        this.#mapped.delete(step.message);
        break;
      case "escalate":
        if (!this.#isEscalated) this.#recordOnce(1, "reported", "escalation");
        this.#isEscalated = true;
        break;
      case "link":
        this.#link(step.issue);
        break;
      case "unlink":
        delete this.#issue(step.issue).link;
        break;
      case "dispatch":
      case "start":
        this.#run(step.do);
        break;
      case "fix":
        if (this.#shipped === undefined) {
          this.#shipped = this.#time;
          for (const number of this.#linked()) this.#fix(number);
        }
        break;
      case "unfix":
        if (this.#shipped !== undefined) this.#unfix();
        break;
      default:
        this.#setStatus(step.issue, step.do);
    }
  }

  get state(): Record<string, unknown> {
    const issues = [...this.#issues];
    return {
      generations: issues.map(([, { generation }]) => generation),
      statuses: issues.map(([, { status }]) => status),
      linked: issues.filter(([, { link }]) => link).map(([number]) => number),
      ledger: [...this.#ledger.keys()].sort(),
    };
  }

  #issue(number: number): Issue {
    const issue = this.#issues.get(number);
    if (!issue) throw new Error(`There is no issue ${number}.`);
    return issue;
  }

  #record(issue: number, hop: string, reference = ""): void {
    const { generation } = this.#issue(issue);
    this.#ledger.set([issue, generation, hop, reference].filter((part) => part !== "").join(" "), [
      issue,
      generation,
      hop,
      reference,
    ]);
  }

  /** Not again in a later generation. */
  #recordOnce(issue: number, hop: string, reference: string): void {
    const isKnown = [...this.#ledger.values()].some((known) =>
      known[0] === issue && known[2] === hop && known[3] === reference
    );
    if (!isKnown) this.#record(issue, hop, reference);
  }

  #link(number: number): void {
    const issue = this.#issue(number);
    if (issue.link) return;
    issue.link = number === 1 ? `own${++this.#promotions}` : "shared";
    this.#record(number, "promoted", issue.link);
    if (issue.link !== "shared") return;
    if (this.#shipped !== undefined) {
      // what was reopened since shows that the fix does not hold
      if (issue.since <= this.#shipped) this.#fix(number);
      return;
    }
    if (this.#task !== "none") this.#recordOnce(number, "dispatched", "task");
    if (this.#task === "running") this.#recordOnce(number, "started", "task");
  }

  #run(step: "dispatch" | "start"): void {
    const isActive = this.#shipped === undefined;
    if (this.#task === "none" && isActive) {
      this.#task = "pending";
      for (const number of this.#linked()) this.#record(number, "dispatched", "task");
    }
    if (step === "start" && this.#task === "pending") {
      this.#task = "running";
      if (isActive) { for (const number of this.#linked()) this.#record(number, "started", "task"); }
    }
  }

  #linked(): number[] {
    return [...this.#issues].filter(([, { link }]) => link === "shared").map(([number]) => number);
  }

  #fix(number: number): void {
    const issue = this.#issue(number);
    this.#record(number, "fixed", "shared");
    this.#record(number, "shipped", "shared");
    if (issue.status === "resolved" || issue.status === "archived") return;
    this.#setStatus(number, "resolve");
    issue.isResolvedByFix = true;
  }

  #unfix(): void {
    this.#shipped = undefined;
    for (const number of this.#linked()) {
      const issue = this.#issue(number);
      if (issue.status === "resolved" && issue.isResolvedByFix) this.#setStatus(number, "reopen");
    }
  }

  #setStatus(number: number, step: "resolve" | "reopen" | "archive"): void {
    const issue = this.#issue(number);
    if (step === "resolve") {
      issue.status = "resolved";
      issue.isResolved = true;
      this.#record(number, "resolved");
    } else if (step === "archive") {
      issue.status = "archived";
    } else {
      if (issue.isResolved) {
        issue.isResolved = false;
        issue.isResolvedByFix = false;
        issue.generation++;
        issue.since = this.#time;
        this.#record(number, "reopened");
      }
      issue.status = "in_progress";
    }
  }
}
