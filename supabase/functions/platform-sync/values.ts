/** What fits `integer` and, as a number of JavaScript, `bigint`. */
const MAX_INTEGER = 2_147_483_647;
export const MAX_COUNT = Number.MAX_SAFE_INTEGER;

/**
 * Reads values of a provider's answer for what they plainly are. What is present and unreadable becomes null
 * and is counted: it is neither zero nor absent.
 */
export class ValueReader {
  /** How many values were present and unreadable. */
  invalid = 0;

  /** A count of 0 to `max`, also as text; null where it is missing, and where it is not valid. */
  count(value: unknown, max = MAX_INTEGER): number | null {
    if (value === undefined || value === null || value === "") return null;
    const number = typeof value === "string" && /^\d{1,19}(\.0+)?$/.test(value.trim())
      ? Number(value)
      : value;
    if (typeof number === "number" && Number.isInteger(number) && number >= 0 && number <= max) return number;
    this.invalid++;
    return null;
  }

  /** A positive id, also as text. */
  id(value: unknown, max = MAX_COUNT): number | null {
    const id = this.count(value, max);
    if (id !== 0) return id;
    this.invalid++;
    return null;
  }

  /** A time of ISO 8601 in this or the last centuries; else null. */
  time(value: unknown): string | null {
    if (value === undefined || value === null || value === "") return null;
    const at = typeof value === "string" ? Date.parse(value) : NaN;
    if (at >= EARLIEST && at <= LATEST) return new Date(at).toISOString();
    this.invalid++;
    return null;
  }
}

const EARLIEST = Date.parse("1970-01-01T00:00:00Z");
const LATEST = Date.parse("9999-01-01T00:00:00Z");

/** Text as the database can store it, cut to `length`; null for anything else and for nothing. */
export function textOf(value: unknown, length: number): string | null {
  if (typeof value !== "string") return null;
  const text = value.replaceAll("\0", "").slice(0, length).toWellFormed();
  return text.trim() === "" ? null : text;
}

/** A duration of ISO 8601 without years and months, such as `PT4M13S` or `P1DT2H`, in seconds; else null. */
export function durationOf(value: unknown): number | null {
  const parts = typeof value === "string"
    ? value.match(/^P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9})S)?)?$/)
    : null;
  if (!parts) return null;
  const [, weeks, days, hours, minutes, seconds] = parts.map((part) => Number(part ?? 0));
  const total = (((weeks ?? 0) * 7 + (days ?? 0)) * 24 + (hours ?? 0)) * 3600 + (minutes ?? 0) * 60 +
    (seconds ?? 0);
  return total <= MAX_INTEGER ? total : null;
}

/** An object of JSON; null for anything else. */
export const objectOf = (value: unknown): Record<string, unknown> | null =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : null;
