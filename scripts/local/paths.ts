import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the checkout. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** The folder that the official CLI deploys. */
export const SUPABASE_DIR = join(ROOT, "supabase");

/** A program that npm installed, by its name. */
export const bin = (name: string): string => join(ROOT, "node_modules", ".bin", name);
