import { parseArgs } from "node:util";
import { Client, StreamableHTTPClientTransport, type Transport } from "@modelcontextprotocol/client";
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { command } from "../command.ts";
import { UserError } from "../local/user-error.ts";
import { findProject, type ProjectAccess } from "../project.ts";
import { createAuthorizedFetch } from "./authorized-fetch.ts";
import { describe } from "./errors.ts";
import { relay } from "./relay.ts";
import { changeSession, openSession } from "./session.ts";
import { loadSession, sessionFile } from "./session-file.ts";
import { signIn } from "./sign-in.ts";

const HELP = `npm run --silent mcp [-- login | logout | status]

A bridge for MCP clients, which start it: from standard input and output to the project's MCP server, as the
person who has signed in. It refreshes the session, which all bridges of a project share.

  login     signs in: asks for the e-mail address and the password
            --email <address>   does not ask for it
            --code              asks for a code that Auth mails, instead of the password
  logout    ends the session and deletes it
  status    prints who is signed in, and whether the server accepts them

Uses the stack that \`npm start\` runs, or any project:
  SUPABASE_URL=https://<ref>.supabase.co SUPABASE_PUBLISHABLE_KEY=sb_publishable_…

The session is a file per project in $XDG_CONFIG_HOME/fixloop, by default ~/.config/fixloop, which only its
owner can read.
`;

await command(import.meta.main, HELP, async (args) => {
  const { values: { email, code }, positionals: [action, ...rest] } = parseArgs({
    args,
    allowPositionals: true,
    options: { email: { type: "string" }, code: { type: "boolean", default: false } },
  });
  const actions: Record<string, () => Promise<boolean>> = {
    login: () => logIn({ email, isByCode: code }),
    logout: logOut,
    status: reportStatus,
  };
  if (action === undefined && email === undefined && !code) return await bridge();
  const run = action === undefined || rest.length > 0 ? undefined : actions[action];
  if (run) return await run();
  throw new UserError(`${args.join(" ")} is not a command of the bridge.`, "--help lists the commands.");
});

/** The project, with one spelling of its URL, since its session file has the name of it. */
async function findPublicProject(): Promise<ProjectAccess> {
  const { url, key } = await findProject("SUPABASE_PUBLISHABLE_KEY");
  if (URL.canParse(url)) return { url: new URL(url).href.replace(/\/+$/, ""), key };
  throw new UserError(`SUPABASE_URL is not a URL: ${url}`, "For example https://<ref>.supabase.co");
}

/** Standard output carries the protocol alone; everything else goes to standard error. */
async function bridge(): Promise<boolean> {
  if (process.stdin.isTTY) console.error("Waiting for an MCP client. --help lists the commands for people.");
  await relay(new StdioServerTransport(), connect, (line) => console.error(line));
  return true;
}

async function connect(): Promise<Transport> {
  const project = await findPublicProject();
  const session = openSession(project, sessionFile(project.url));
  const url = new URL(`${project.url}/functions/v1/mcp`);
  return new StreamableHTTPClientTransport(url, { fetch: createAuthorizedFetch(session) });
}

async function logIn(options: Parameters<typeof signIn>[2]): Promise<boolean> {
  const project = await findPublicProject();
  const file = sessionFile(project.url);
  console.log(`${await signIn(project, file, options)} is signed in to ${project.url}.`);
  return true;
}

async function logOut(): Promise<boolean> {
  const project = await findPublicProject();
  const { error } = await changeSession(
    project,
    sessionFile(project.url),
    (auth) => auth.signOut({ scope: "local" }),
  );
  console.log(`Signed out of ${project.url}.`);
  if (error) console.error(`The session is deleted here; Auth did not confirm its end: ${error.message}`);
  return !error;
}

async function reportStatus(): Promise<boolean> {
  const project = await findPublicProject();
  const file = sessionFile(project.url);
  const session = await loadSession(file);
  if (!session) {
    console.log(`Nobody is signed in to ${project.url}.`);
    return false;
  }
  console.log(`${session.user.email ?? session.user.id} is signed in to ${project.url}.`);
  console.log(`The session is in ${file}.`);
  const client = new Client({ name: "fixloop-bridge", version: "0.1.0" });
  try {
    await client.connect(await connect());
    console.log(`The MCP server accepts it: ${client.getServerVersion()?.name}.`);
    return true;
  } catch (error) {
    console.log(`The MCP server does not accept it: ${describe(error)}`);
    return false;
  } finally {
    await client.close();
  }
}
