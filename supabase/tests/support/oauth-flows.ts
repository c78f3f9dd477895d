import type { Sql } from "postgres";
import { allowReturn, type Providers, startProviders } from "./connections.ts";
import { connect, openTestProject, type TestProject } from "./database.ts";
import { type Person, signUp } from "./people.ts";

/** A project with fakes of the providers' authorization servers, and two users. */
export interface OauthFlows {
  providers: Providers;
  project: TestProject;
  sql: Sql;
  ana: Person;
  mallory: Person;
  /** What the functions log. */
  log: string[];
  /** Nobody is connected, and the providers answer as they should. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export async function openOauthFlows(): Promise<OauthFlows> {
  const log: string[] = [];
  const providers = await startProviders();
  const project = await openTestProject({
    functions: { env: providers.env, log: (_, line) => log.push(line) },
  });
  providers.register(project);
  const sql = connect(project.database);
  await allowReturn(sql);
  return {
    providers,
    project,
    sql,
    ana: await signUp(project, "ana"),
    mallory: await signUp(project, "mallory"),
    log,
    async reset() {
      await sql`delete from private.token_checks`;
      await sql`delete from private.oauth_flows`;
      await sql`delete from public.platform_connections`;
      await sql`delete from private.secrets`;
      for (const { faults, oauth } of [providers.github.state, providers.google.state]) {
        faults.length = 0;
        oauth.calls.length = 0;
        Object.assign(oauth.consent, { isRefused: false, scopes: null });
        for (const app of oauth.apps) app.isExpiring = false;
      }
    },
    async close() {
      await sql.end();
      await project.close();
      await providers.stop();
    },
  };
}

/** The connections that a user sees. */
export const connectionsOf = (person: Person) =>
  person.client.from("platform_connections").select("*").then(({ data }) => data);

export const answerOf = (back: URL) => Object.fromEntries(back.searchParams);
