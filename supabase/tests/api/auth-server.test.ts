import { afterAll, expect, test } from "vitest";
import { connect, createDatabase } from "../support/database.ts";

// On the platform the auth server writes as supabase_auth_admin, which may use nothing outside schema auth: what our
// triggers and foreign keys do because of it must not depend on its rights.
const database = await createDatabase();
const sql = connect(database);
const auth = connect(database, "supabase_auth_admin");
afterAll(async () => {
  await sql.end();
  await auth.end();
  await database.drop();
});

const id = crypto.randomUUID();
const profile = () => sql`select email, full_name, updated_at from public.users where id = ${id}`;

test("the auth server may not use our schemas", async () => {
  for (const statement of ["select from public.users", "select private.advance_sequence(null)"]) {
    await expect(auth.unsafe(statement), statement).rejects.toMatchObject({ code: "42501" });
  }
});

test("a sign-up makes the profile", async () => {
  await auth`
    insert into auth.users (id, email, aud, role, raw_app_meta_data, raw_user_meta_data, created_at, updated_at)
    values (${id}, 'ana@example.org', 'authenticated', 'authenticated', '{}', '{"full_name": "Ana Ruiz"}', now(), now())
  `;
  expect(await profile()).toMatchObject([{ email: "ana@example.org", full_name: "Ana Ruiz" }]);
});

test("a sign-in leaves the profile as it is; a new address and new metadata reach it", async () => {
  const [before] = await profile();
  await auth`update auth.users set last_sign_in_at = now(), updated_at = now() where id = ${id}`;
  expect(await profile()).toEqual([before]);
  await auth`update auth.users set email = 'ana.ruiz@example.org' where id = ${id}`;
  await auth`update auth.users set raw_user_meta_data = '{"full_name": "Ana R."}' where id = ${id}`;
  expect(await profile()).toMatchObject([{ email: "ana.ruiz@example.org", full_name: "Ana R." }]);
});

test("a deleted account leaves its name behind, in all that it did", async () => {
  await sql`insert into public.team_members (user_id, role, display_name) values (${id}, 'agent', 'Ana Ruiz')`;
  const [issue] = await sql<{ id: string }[]>`
    insert into public.issues (title, assigned_to, assigned_to_user_id)
    values ('For Ana', 'Ana Ruiz', ${id}) returning id
  `;
  await sql`
    insert into public.comments (issue_id, body, author_name, author_user_id)
    values (${issue?.id ?? ""}, 'Hello', 'Ana Ruiz', ${id})
  `;
  await auth`delete from auth.users where id = ${id}`;
  expect(await profile()).toEqual([]);
  expect(
    await sql`
      select i.assigned_to, i.assigned_to_user_id, c.author_name, c.author_user_id
      from public.issues as i join public.comments as c on c.issue_id = i.id
    `,
  ).toEqual([{
    assigned_to: "Ana Ruiz",
    assigned_to_user_id: null,
    author_name: "Ana Ruiz",
    author_user_id: null,
  }]);
});

test("an upgrade of the auth server alters the columns that it owns", async () => {
  await auth`alter table auth.users alter column email type text`;
  await auth`alter table auth.users add column settings json`;
  // a server that was upgraded opens its connections again
  const upgraded = connect(database, "supabase_auth_admin", 1);
  await upgraded`
    insert into auth.users (id, email, raw_user_meta_data)
    values (${id}, 'ana@example.org', '{"full_name": "Ana"}')
  `;
  await upgraded`update auth.users set raw_user_meta_data = '{"full_name": "Ana Ruiz"}' where id = ${id}`;
  await upgraded.end();
  expect(await profile()).toMatchObject([{ full_name: "Ana Ruiz" }]);
});
