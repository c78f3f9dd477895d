import { join } from "node:path";
import { ROOT } from "../../../scripts/local/paths.ts";

/**
 * The PATH for commands of the documents: the Node of this project first; last a curl of our own, for machines without
 * one.
 */
export const shellPath = (): string =>
  [join(ROOT, "node_modules/.bin"), process.env.PATH, join(ROOT, "supabase/tests/support/bin")].join(":");
