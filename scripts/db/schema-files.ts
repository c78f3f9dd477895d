import { globSync } from "node:fs";

/** The schema files of a folder, in the order in which they are applied: by path. */
export const schemaFiles = (folder: string): string[] => globSync("**/*.sql", { cwd: folder }).sort();
