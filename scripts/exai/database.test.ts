import { expect, test } from "vitest";
import { connect, createDatabase } from "../../supabase/tests/support/database.ts";
import { startProxy } from "../../supabase/tests/support/proxy.ts";
import { inTransaction } from "./database.ts";

test("a connection that is lost fails the step, which does not wait for it", async () => {
  const database = await createDatabase("platform");
  const admin = connect(database, "supabase_admin", 1);
  const proxy = await startProxy(database.url());
  const step = inTransaction(proxy.url, async (sql) => await sql`select pg_sleep(60)`);
  const failed = expect(step).rejects.toThrow(/ECONNRESET|CONNECTION_CLOSED/);
  await expect.poll(() =>
    admin`select from pg_stat_activity where datname = current_database() and query = 'select pg_sleep(60)'`
  )
    .toHaveLength(1);
  proxy.reset();
  await failed;
  await proxy.stop();
  await admin.end();
  await database.drop();
});
