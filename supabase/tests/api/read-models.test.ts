import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { ROOT } from "../../../scripts/local/paths.ts";
import { useDatabase } from "../support/database.ts";

// Every SQL query of docs/read-models.md, run as a viewer over a few issues, returns rows.

const VIEWER = "00000000-0000-4000-8000-00000000000b";

const page = readFileSync(join(ROOT, "docs/read-models.md"), "utf8");
const queries = [...page.matchAll(/^```sql\n(.*?)^```/gms)].map((match) => match[1] ?? "");

const sql = await useDatabase();

beforeAll(async () => {
  await sql.unsafe(`
    insert into auth.users (id, email) values ('${VIEWER}', 'viewer@example.org');
    insert into public.team_members (user_id, role, display_name) values ('${VIEWER}', 'viewer', 'Vera');
    insert into public.issues (id, title, description, status, segment, submitted_by, assigned_to, created_at) values
      ('10000000-0000-4000-8000-000000000001', 'How do I reset my password?', 'Safari keeps loading', 'in_progress',
        'auth', 'Ana', 'Vera', now() - interval '2 days'),
      ('10000000-0000-4000-8000-000000000002', 'Password reset', 'The login in Safari', 'waiting_for_help', 'auth',
        'Bo', null, now() - interval '9 days'),
      ('10000000-0000-4000-8000-000000000003', 'Crash', 'On paste', 'waiting_for_help', 'code', 'Cy', null,
        now() - interval '20 days');
    update public.issues set status = 'resolved' where title = 'Crash';
    insert into public.circle_issues (id, message_id, body, space_name, mapped_to_issue_id) values
      ('30000000-0000-4000-8000-000000000001', 'm1', 'How?', 'Help', '10000000-0000-4000-8000-000000000001');
    insert into public.circle_replies (message_id, circle_issue_id, reply_index, author_name, body) values
      ('r1', '30000000-0000-4000-8000-000000000001', 1, 'Lee', 'Like so');
  `);
});

test("the page has queries", () => expect(queries.length).toBeGreaterThan(10));

test.each(queries)("%s", async (query) => {
  const rows = await sql.begin(async (transaction) => {
    const claims = JSON.stringify({ role: "authenticated", sub: VIEWER });
    await transaction`select set_config('request.jwt.claims', ${claims}, true)`;
    await transaction`set local role authenticated`;
    return await transaction.unsafe(query);
  });
  expect(rows.length).toBeGreaterThan(0);
});
