import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../../scripts/local/config.ts";
import { openTestProject, type TestProject } from "./database.ts";

const fixture = (name: string): string =>
  readFileSync(join(import.meta.dirname, "../api/data-api", name), "utf8");

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON; `undefined` without one. */
  // deno-lint-ignore no-explicit-any -- a test checks a body of any shape
  body: any;
}

export interface Ask {
  /** Sent as JSON; `raw` is sent unchanged. */
  body?: unknown;
  raw?: BodyInit;
  headers?: Record<string, string>;
  /** Default: the publishable key. */
  key?: string | null;
}

export interface DataApi {
  project: TestProject;
  /** Sends a request to `/rest/v1/<path>`; blanks and quotes in the path are encoded. */
  ask(method: string, path: string, ask?: Ask): Promise<Answer>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  rpc(name: string, args: unknown, headers?: Record<string, string>): Promise<Answer>;
}

export const REPRESENTATION = { Prefer: "return=representation" };
export const OBJECT = { Accept: "application/vnd.pgrst.object+json" };

/**
 * The Data API over the fixtures of `supabase/tests/api/data-api`.
 *
 * @param options the exposed schemas, and SQL that runs after the fixtures
 */
export async function openDataApi(options: { schemas?: string[]; script?: string } = {}): Promise<DataApi> {
  const { schemas = ["public", "other"], script = "" } = options;
  const config = loadConfig();
  config.api.schemas = schemas;
  const project = await openTestProject({
    template: "platform",
    config,
    scripts: [...["fixture.sql", "fixture-rpc.sql", "fixture-shapes.sql"].map(fixture), script],
  });
  const ask: DataApi["ask"] = async (method, path, { body, raw, headers = {}, key } = {}) => {
    const response = await fetch(`${project.url}/rest/v1/${encode(path)}`, {
      method,
      headers: {
        ...(key === null ? {} : { apikey: key ?? project.publishableKey }),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      body: raw ?? (body === undefined ? null : JSON.stringify(body)),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") ?? false;
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson && text ? JSON.parse(text) : undefined,
    };
  };
  return {
    project,
    ask,
    get: (path, headers = {}) => ask("GET", path, { headers }),
    post: (path, body, headers = {}) => ask("POST", path, { body, headers }),
    rpc: (name, args, headers = {}) => ask("POST", `rpc/${name}`, { body: args, headers }),
  };
}

const encode = (path: string): string =>
  path.replace(/[ "\\]/g, (character) => encodeURIComponent(character));
