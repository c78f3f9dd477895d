import type postgres from "postgres";
import packageJson from "../../../package.json" with { type: "json" };

// Fixes in @supabase/lite: the first request would grant ALL on every table with row security to the API
// roles, and there is no option against it; JSON that Auth sends as text would be stored as a string.
// Unnecessary when: lite leaves grants alone (an option of its connection), and casts what it sends as text.

/** The private fields of lite's connection that are changed or used here. */
export interface ConnectionInternals {
  driver: postgres.Sql;
  rlsState: "active" | "inactive" | "unknown";
}

const FIELDS: Record<keyof ConnectionInternals, (value: unknown) => boolean> = {
  driver: (value) => typeof value === "function",
  rlsState: (value) => value === "unknown",
};

/**
 * Asserts that a connection of lite has the private fields that this folder changes: another version of lite
 * may have moved them, and a request that bypasses a change gets wrong answers without an error.
 */
export function assertInternals(connection: object): asserts connection is ConnectionInternals {
  const fields = connection as Record<string, unknown>;
  const missing = Object.entries(FIELDS).filter(([name, isExpected]) => !isExpected(fields[name]))
    .map(([name]) => name);
  if (missing.length === 0) return;
  const version = packageJson.devDependencies["@supabase/lite"];
  throw new Error(
    `scripts/local/api works with @supabase/lite ${version}: the connection lacks or has changed ${
      missing.join(", ")
    }. Install that version (npm ci), or adapt scripts/local/api to the new one.`,
  );
}

/** Makes a driver take a string for a json parameter as JSON text where it is some: lite sends both. */
export function acceptJsonText({ options }: postgres.Sql): void {
  for (const type of [114, 3802]) {
    options.serializers[type] = (value: unknown) =>
      typeof value === "string" && isJsonText(value) ? value : JSON.stringify(value);
  }
}

function isJsonText(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
