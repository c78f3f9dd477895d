import { ISSUE_OF_MESSAGE, type LoopStep } from "./loop-steps.ts";

interface Issue {
  status: string;
  isResolved: boolean;
  generation: number;
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

  constructor() {
    for (const number of [1, 2, 3]) {
      this.#issues.set(number, { status: "waiting_for_help", isResolved: false, generation: 1 });
      this.#record(number, "reported");
      this.#record(number, "triaged");
    }
  }

  apply(step: LoopStep): void {
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
    if (this.#task !== "none") this.#recordOnce(number, "dispatched", "task");
    if (this.#task === "running") this.#recordOnce(number, "started", "task");
  }

  #run(step: "dispatch" | "start"): void {
    const linked = [...this.#issues].filter(([, { link }]) => link === "shared").map(([number]) => number);
    if (this.#task === "none") {
      this.#task = "pending";
      for (const number of linked) this.#record(number, "dispatched", "task");
    }
    if (step === "start" && this.#task === "pending") {
      this.#task = "running";
      for (const number of linked) this.#record(number, "started", "task");
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
        issue.generation++;
        this.#record(number, "reopened");
      }
      issue.status = "in_progress";
    }
  }
}
