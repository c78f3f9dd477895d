import { expect } from "vitest";
import type { Project } from "../../../scripts/local/stack.ts";

/** Calls an edge function that runs on a schedule, as a server may at any time, and returns its report. */
export async function runFunction<Report = Record<string, unknown>>(
  { url, secretKey }: Pick<Project, "url" | "secretKey">,
  name: string,
): Promise<Report> {
  const response = await fetch(`${url}/functions/v1/${name}`, {
    method: "POST",
    headers: { apikey: secretKey },
  });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text) as Report;
}
