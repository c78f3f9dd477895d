import { rowNumber } from "./query-string.ts";

// docs.postgrest.org/en/v14/references/api/preferences.html

export interface Preferences {
  resolution?: "merge-duplicates" | "ignore-duplicates";
  missing?: "default" | "null";
  return?: "representation" | "minimal" | "headers-only";
  count?: "exact" | "planned" | "estimated";
  handling?: "strict" | "lenient";
  timezone?: string;
  "max-affected"?: number;
  /** What `handling=strict` refuses. */
  invalid: string[];
}

const VALUES = new Map(Object.entries({
  resolution: ["merge-duplicates", "ignore-duplicates"],
  missing: ["default", "null"],
  return: ["representation", "minimal", "headers-only"],
  count: ["exact", "planned", "estimated"],
  handling: ["strict", "lenient"],
  // accepted and without effect: the platform does not allow clients to roll back
  tx: ["commit", "rollback"],
}));

/** The preferences of a request; of several for one thing, the first. */
export function parsePreferences(headers: Headers, timezones: ReadonlySet<string>): Preferences {
  const found: Record<string, string | number> = {};
  const invalid: string[] = [];
  const entries = (headers.get("prefer") ?? "").split(",").map((entry) => entry.trim()).filter(Boolean);
  for (const entry of entries) {
    const [name = "", value = ""] = entry.split(/=(.*)/s);
    if (name === "max-affected" && /^\d+$/.test(value)) {
      found[name] ??= rowNumber(value);
    } else if (name === "timezone" ? timezones.has(value) : VALUES.get(name)?.includes(value)) {
      found[name] ??= value;
    } else {
      invalid.push(entry);
    }
  }
  return { ...found, invalid };
}

/** `Preference-Applied`: what the request preferred, of the preferences that its kind takes into account. */
export function appliedPreferences(
  preferences: Preferences,
  names: (keyof Preferences)[],
): string | undefined {
  const applied = (["resolution", "missing", "return", "count"] as const).filter((name) =>
    names.includes(name)
  );
  const entries = [...applied, "handling" as const, "timezone" as const]
    .flatMap((name) => preferences[name] === undefined ? [] : [`${name}=${preferences[name]}`]);
  const limit = preferences["max-affected"];
  if (names.includes("max-affected") && preferences.handling === "strict" && limit !== undefined) {
    entries.push(`max-affected=${limit}`);
  }
  return entries.length > 0 ? entries.join(", ") : undefined;
}
