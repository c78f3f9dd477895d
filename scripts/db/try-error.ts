import { relative, resolve } from "node:path";
import postgres from "postgres";
import { ROOT } from "../local/paths.ts";
import { UserError } from "../local/user-error.ts";

/**
 * A database error with the file and line that it comes from, its detail, its context and its hint; other errors as they
 * are.
 *
 * @param hints what else to do about it, or to know
 */
export function explained(error: unknown, origin: string | undefined, hints: string[] = []): unknown {
  if (!(error instanceof postgres.PostgresError)) return error;
  const where = origin === undefined ? "" : `${relative(process.cwd(), resolve(ROOT, origin))}: `;
  const detail = [error.detail, error.where].filter((text) => text !== undefined).map((text) => `\n  ${text}`)
    .join("");
  return new UserError(
    `${where}${error.message} (${error.code})${detail}`,
    [error.hint, ...hints].filter((text) => text !== undefined).join("\n") || "Everything was rolled back.",
  );
}
