import type { Rpc } from "../_shared/database.ts";
import type { AskModel, ModelAnswer } from "./model.ts";
import type { Plan, Question } from "./plan.ts";

/** Why a run ended early. */
export type StopReason = "time" | "limited" | "rejected" | "failing";

/** The result of a run. */
export interface Report {
  /** Requests to the model. */
  requests: number;
  answered: number;
  /** Messages that became an issue. */
  imported: number;
  /** Answers that were not an opinion. */
  unreadable: number;
  /** Requests without an answer, and answers that could not be stored. */
  failed: number;
  /** Messages that were left to the next run. */
  not_asked: number;
  stopped: StopReason | null;
  paused_until: string | null;
}

export interface AssistTools {
  ask: AskModel;
  rpc: Rpc;
  /** Milliseconds since 1970. */
  clock: () => number;
  signal: AbortSignal;
  maxMs: number;
}

/** This many useless answers in a row are caused by the endpoint or the model, not by the messages. */
const MAX_FAILURES_IN_A_ROW = 3;
/** A rejected key, model or URL is not tried again before somebody can have changed it. */
const REJECTED_PAUSE_MS = 60 * 60 * 1000;

/**
 * Puts the questions to the model, one request after the other, and records each answer separately. What is
 * not reached is given back, and does not count.
 */
export async function assist(plan: Plan, tools: AssistTools): Promise<Report> {
  const run = new Run(tools);
  for (const question of plan.questions) await run.put(question);
  return run.report;
}

class Run {
  readonly report: Report = {
    requests: 0,
    answered: 0,
    imported: 0,
    unreadable: 0,
    failed: 0,
    not_asked: 0,
    stopped: null,
    paused_until: null,
  };
  readonly #tools: AssistTools;
  readonly #started: number;
  #failuresInARow = 0;

  constructor(tools: AssistTools) {
    this.#tools = tools;
    this.#started = tools.clock();
  }

  async put(question: Question): Promise<void> {
    const { ask, clock, maxMs, signal } = this.#tools;
    if (signal.aborted || clock() - this.#started >= maxMs) this.report.stopped ??= "time";
    if (this.report.stopped) {
      this.report.not_asked++;
      await this.#record(question, { outcome: "not_asked" });
      return;
    }
    this.report.requests++;
    await this.#take(question, await ask(question.question, signal));
  }

  async #take(question: Question, answer: ModelAnswer): Promise<void> {
    if (answer.kind === "answered") {
      this.#failuresInARow = 0;
      const result = await this.#record(question, {
        outcome: "answered",
        ...answer.opinion,
        model: answer.model,
      });
      if (result === null) return this.#fail("failed");
      this.report.answered++;
      if (result === "imported") this.report.imported++;
      return;
    }
    // a limit and a rejected key are not the message's failures: it stays as it was
    const outcome = answer.kind === "unreadable" ? "unreadable" : "failed";
    if (answer.kind === "limited") await this.#pause("limited", answer.until);
    else if (answer.kind === "rejected") {
      await this.#pause("rejected", new Date(this.#tools.clock() + REJECTED_PAUSE_MS));
    } else this.#fail(outcome);
    await this.#record(question, { outcome: this.#isPaused() ? "not_asked" : outcome });
  }

  #isPaused = (): boolean => this.report.stopped === "limited" || this.report.stopped === "rejected";

  #fail(outcome: "failed" | "unreadable"): void {
    this.report[outcome]++;
    if (++this.#failuresInARow >= MAX_FAILURES_IN_A_ROW) this.report.stopped ??= "failing";
  }

  async #pause(reason: StopReason, until: Date | null): Promise<void> {
    this.report.stopped = reason;
    const paused = await this.#tools.rpc("pause_triage_assist", { until: until?.toISOString() ?? null });
    this.report.paused_until = paused.ok && typeof paused.data === "string" ? paused.data : null;
  }

  /** What the database made of it; null when it could not be stored. A deleted message needs no opinion. */
  async #record(question: Question, answer: Record<string, unknown>): Promise<string | null> {
    const { circle_issue_id, version, fencing_token } = question;
    const result = await this.#tools.rpc("record_triage_answer", {
      circle_issue_id,
      version,
      fencing_token,
      ...answer,
    });
    if (!result.ok) return result.code === "PT404" ? "unknown" : null;
    return typeof result.data === "string" ? result.data : null;
  }
}
