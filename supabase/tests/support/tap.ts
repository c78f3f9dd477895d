export interface Assertion {
  number: number;
  ok: boolean;
  description: string;
  diagnostics: string;
}

export interface Tap {
  /** What `plan()` announced, if it is among the values. */
  planned: number | undefined;
  assertions: Assertion[];
  /** Comments before the first assertion. */
  diagnostics: string;
}

/** Parses what pgTAP's functions returned, each value being one or more lines of the Test Anything Protocol. */
export function parseTap(values: string[]): Tap {
  const tap: Tap = { planned: undefined, assertions: [], diagnostics: "" };
  for (const line of values.join("\n").split("\n")) {
    const plan = line.match(/^1\.\.(\d+)/);
    const assertion = line.match(/^(not )?ok (\d+)(?: - (.*))?$/);
    if (plan) {
      tap.planned = Number(plan[1]);
    } else if (assertion) {
      tap.assertions.push({
        number: Number(assertion[2]),
        ok: !assertion[1],
        description: assertion[3] ?? "",
        diagnostics: "",
      });
    } else if (line.startsWith("#")) {
      (tap.assertions.at(-1) ?? tap).diagnostics += `${line.slice(1).trim()}\n`;
    }
  }
  return tap;
}
