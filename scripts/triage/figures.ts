import { areaUnderCurve, calibrationError } from "./metrics.ts";
import type { LabelledText } from "./texts.ts";

/** A text's likelihood to be an issue, and its segment. */
export interface Judgement {
  likelihood: number;
  segment: string;
}

export interface Figures {
  texts: number;
  areaUnderCurve: number;
  /** Of the texts in other languages than English; null where there are none. */
  areaInOtherLanguages: number | null;
  /** Of all issues those at or above the threshold. */
  applied: number;
  /** Of those above the threshold the issues. */
  precision: number;
  /** Of all issues those with a likelihood below 0.05. */
  rankedLow: number;
  calibrationError: number;
  segmentsRight: number;
}

export const share = (part: number, whole: number): number => (whole === 0 ? 1 : part / whole);

/** The figures of docs/triage.md. */
export function figuresOf(
  texts: readonly LabelledText[],
  judged: readonly Judgement[],
  threshold: number,
): Figures {
  const rows = texts.map((text, at) => ({
    ...text,
    ...judged[at] ?? { likelihood: 0, segment: "" },
    label: text.segment,
  }));
  const issues = rows.filter(({ is_issue }) => is_issue);
  const others = rows.filter(({ lang }) => lang !== "en");
  const applied = rows.filter(({ likelihood }) => likelihood >= threshold);
  const area = (of: typeof rows): number =>
    areaUnderCurve(of.map(({ likelihood }) => likelihood), of.map(({ is_issue }) => is_issue));
  const likelihoods = rows.map(({ likelihood }) => likelihood);
  const isIssue = rows.map(({ is_issue }) => is_issue);
  return {
    texts: rows.length,
    areaUnderCurve: area(rows),
    areaInOtherLanguages: others.length === 0 ? null : area(others),
    applied: share(applied.filter(({ is_issue }) => is_issue).length, issues.length),
    precision: share(applied.filter(({ is_issue }) => is_issue).length, applied.length),
    rankedLow: share(issues.filter(({ likelihood }) => likelihood < 0.05).length, issues.length),
    calibrationError: calibrationError(likelihoods, isIssue),
    segmentsRight: share(issues.filter(({ segment, label }) => segment === label).length, issues.length),
  };
}

const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;

/** The figures as rows of a table: what, as measured, wanted (floor). */
export function figureRows(of: Figures): [string, string, string][] {
  return [
    ["area under the ROC curve, issue or not", of.areaUnderCurve.toFixed(3), "0.93 (0.88)"],
    ["other languages than English", of.areaInOtherLanguages?.toFixed(3) ?? "–", "0.85 (0.78)"],
    ["of all issues applied by itself, right", percent(of.applied), "60 % (40 %)"],
    ["precision of what is applied by itself", percent(of.precision), "95 % (92 %)"],
    ["issues ranked under 0.05", percent(of.rankedLow), "< 5 %"],
    ["expected calibration error, 10 bins", of.calibrationError.toFixed(3), "0.05 (0.08)"],
    ["segment right, of issues", percent(of.segmentsRight), "80 % (70 %)"],
  ];
}
