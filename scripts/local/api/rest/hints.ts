import { fuzzyMatch } from "@supabase/lite";

/** The most similar of some names. What is longer than names are has none, and would take long to compare. */
export const similarName = (given: string, names: string[]): string | null =>
  given.length > 200 ? null : fuzzyMatch(given, names);
