import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { confirmedSignUp } from "../../../scripts/local/auth/confirmed-sign-up.ts";
import { expect } from "vitest";
import type { Project } from "../../../scripts/local/stack.ts";
import type { Database } from "../../types/database.ts";

export type Client = SupabaseClient<Database>;

const client = (project: Project, key: string): Client =>
  createClient<Database>(project.url, key, { auth: { persistSession: false, autoRefreshToken: false } });

/** A client that nobody has signed in with. */
export const anonymous = (project: Project): Client => client(project, project.publishableKey);

/** A client with the secret key, as servers have it. */
export const server = (project: Project): Client => client(project, project.secretKey);

export interface Person {
  id: string;
  client: Client;
}

/**
 * Signs somebody up, and makes them a team member when a role is given.
 *
 * @param name also the part of the e-mail address before the @, so what the database writes down for them
 */
export async function signUp(
  project: Project,
  name: string,
  role?: "viewer" | "agent" | "admin",
): Promise<Person> {
  const email = `${name}@example.org`;
  const person = anonymous(project);
  const id = await confirmedSignUp(project, person, { email, password: "a-long-test-password" });
  if (role) {
    const added = await server(project).rpc("add_team_member", { email, role });
    if (added.error) throw added.error;
  }
  return { id, client: person };
}

/** The access token of a person who has signed up. */
export async function tokenOf({ client }: Person): Promise<string> {
  const { data } = await client.auth.getSession();
  if (!data.session) throw new Error("The person is not signed in.");
  return data.session.access_token;
}

/** What a client does with an answer: take what it holds, or throw. */
export async function rows<T>(call: PromiseLike<{ data: T; error: unknown }>): Promise<NonNullable<T>> {
  const { data, error } = await call;
  expect(error).toBeNull();
  if (data === null || data === undefined) throw new Error("The answer holds nothing.");
  return data;
}
