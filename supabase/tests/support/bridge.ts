import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, type VersionNegotiationMode } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { decodeJwt, SignJWT } from "jose";
import { JWT_SECRET } from "../../../scripts/local/keys.ts";
import { bin, ROOT } from "../../../scripts/local/paths.ts";
import { sessionFile } from "../../../scripts/mcp/session-file.ts";

const MAIN = join(ROOT, "scripts/mcp/main.ts");

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** What an MCP client's configuration says about a local server. */
export interface BridgeCommand {
  command: string;
  args: string[];
  env?: Record<string, string>;
}

/** A machine with its own session files. */
export interface Machine {
  /** Its session file for a project. */
  readonly file: string;
  /** Runs the command until it ends. */
  run(args: string[], input?: string): Promise<Ended>;
  /** Starts a bridge, as an MCP client does, by default with the checkout's Node and the handshake of 2025. */
  connect(command?: BridgeCommand, mode?: VersionNegotiationMode): Promise<Client>;
  /** Makes the session's access token one that has expired. */
  expire(): Promise<void>;
  /** The names in the folder of the session file. */
  list(): string[];
  /** Permissions of the session file, in octal. */
  mode(): string;
  remove(): void;
}

export function openMachine(project: { url: string; publishableKey: string }): Machine {
  const home = mkdtempSync(join(tmpdir(), "fixloop-bridge-"));
  const file = sessionFile(project.url, { XDG_CONFIG_HOME: home });
  const env = {
    PATH: process.env.PATH ?? "",
    XDG_CONFIG_HOME: home,
    SUPABASE_URL: project.url,
    SUPABASE_PUBLISHABLE_KEY: project.publishableKey,
  };
  return {
    file,
    run: (args, input = "") => runToEnd(args, input, env),
    async connect(command = { command: bin("node"), args: [MAIN] }, mode = "legacy") {
      const client = new Client({ name: "test", version: "1.0.0" }, { versionNegotiation: { mode } });
      await client.connect(
        new StdioClientTransport({
          ...command,
          env: { ...command.env, ...env },
          stderr: "ignore",
          cwd: tmpdir(),
        }),
      );
      return client;
    },
    async expire() {
      const session = JSON.parse(readFileSync(file, "utf8")) as { access_token: string };
      const token = await new SignJWT({ ...decodeJwt(session.access_token), exp: 1 })
        .setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(JWT_SECRET));
      writeFileSync(file, JSON.stringify({ ...session, access_token: token, expires_at: 1 }));
    },
    list: () => readdirSync(join(home, "fixloop")),
    mode: () => (statSync(file).mode & 0o777).toString(8),
    remove: () => rmSync(home, { recursive: true }),
  };
}

async function runToEnd(args: string[], input: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  const child = spawn(bin("node"), [MAIN, ...args], { env, cwd: tmpdir() });
  const ended: Ended = { code: null, stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => ended.stdout += text);
  child.stderr.setEncoding("utf8").on("data", (text: string) => ended.stderr += text);
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  ended.code = await new Promise((resolve) => child.once("close", resolve));
  return ended;
}
