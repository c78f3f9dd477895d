import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestModule, TestProject } from "vitest/node";
import { UserError } from "../../../scripts/local/user-error.ts";
import { keepDatabases, type Makers, STOPPED } from "./kept.ts";
import { chooseSource, sourceWarning } from "./source.ts";
import { startTestCluster, type TestCluster } from "./cluster.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Where a worker asks for the cluster (`openCluster` in database.ts). */
    clusterUrl: string;
  }
}

/**
 * Starts the cluster when the first test asks for it, so that tests that need no database start none. In watch mode its
 * template is built again before a rerun when a schema file has changed.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let cluster: Promise<TestCluster> | undefined;
  let refreshed: Promise<void> | undefined;
  const open = async (): Promise<TestCluster> => {
    cluster ??= start();
    const running = await cluster;
    await refreshed;
    return running;
  };
  const makers: Makers = new Map();
  const broker = await listen(open, makers);
  project.provide("clusterUrl", `http://127.0.0.1:${(broker.address() as AddressInfo).port}`);

  // a schema file that cannot be applied fails the tests that ask for the cluster until it is changed
  project.onTestsRerun(async () => {
    const running = await cluster?.catch(() => undefined);
    if (!running) cluster = undefined;
    refreshed = running?.refresh();
    await refreshed?.catch(() => {});
  });

  return async () => {
    broker.close();
    const running = await cluster?.catch(() => undefined);
    if (!running) return;
    const failed = project.vitest.state.getTestModules().filter((module) => !module.ok());
    if (await keepDatabases(running, makers, filesOf(failed), filesOf(failed.filter(isStopped)))) return;
    await running.close();
  };
}

const filesOf = (modules: TestModule[]): Set<string> => new Set(modules.map(({ moduleId }) => moduleId));

const isStopped = (module: TestModule): boolean =>
  [...module.children.allTests("failed")].some(({ name }) => name === STOPPED);

function start(): Promise<TestCluster> {
  const source = chooseSource();
  const warning = sourceWarning(source);
  if (warning) console.warn(`\n${warning}\n`);
  return startTestCluster(source);
}

/**
 * Answers every request with the cluster's port, password and generation, or with why it did not start. A request can name a database
 * that is to be kept when its test file fails.
 */
async function listen(open: () => Promise<TestCluster>, makers: Makers): Promise<Server> {
  const broker = createServer((request, response) => {
    const made = new URL(request.url ?? "/", "http://127.0.0.1").searchParams;
    const database = made.get("database");
    if (database) makers.set(database, made.get("file") ?? "");
    response.setHeader("connection", "close");
    open().then(
      ({ port, password, generation }) => response.end(JSON.stringify({ port, password, generation })),
      (error: unknown) => {
        response.statusCode = 500;
        response.end(error instanceof UserError ? `${error.message}\n${error.hint}` : String(error));
      },
    );
  });
  await new Promise<void>((resolve) => broker.listen(0, "127.0.0.1", resolve));
  return broker;
}
