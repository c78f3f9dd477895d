import postgres from "postgres";

/**
 * Runs a step with one connection, which ends with it.
 *
 * @param options in addition to the defaults: one connection, no notices
 */
export async function withConnection<T>(
  url: string,
  step: (sql: postgres.Sql) => Promise<T>,
  options: postgres.Options<Record<string, never>> = {},
): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => {}, ...options });
  try {
    return await step(sql);
  } finally {
    // after a network's error the driver would wait forever
    await sql.end({ timeout: 1 });
  }
}
