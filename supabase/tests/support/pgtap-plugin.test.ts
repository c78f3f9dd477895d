import { EventEmitter } from "node:events";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { ROOT } from "../../../scripts/local/paths.ts";
import { pgtap } from "./pgtap-plugin.ts";

class Watcher extends EventEmitter {
  readonly watched: string[] = [];
  readonly changed: string[] = [];

  constructor() {
    super();
    this.on("change", (file: string) => this.changed.push(file));
  }

  add(path: string): void {
    this.watched.push(path);
  }
}

/** A watcher that the plugin has configured. */
function configuredWatcher(): Watcher {
  const watcher = new Watcher();
  const { configureServer } = pgtap() as unknown as {
    configureServer: (server: { watcher: Watcher }) => void;
  };
  configureServer({ watcher });
  return watcher;
}

test.each(["change", "add", "unlink"])("%s of a schema file is a change of database.ts", (event) => {
  vi.stubEnv("SCHEMAS_RERUN", "");
  const watcher = configuredWatcher();
  vi.unstubAllEnvs();
  watcher.emit(event, join(ROOT, "supabase/schemas/20_tracker/new.sql"));
  expect(watcher.watched).toEqual([join(ROOT, "supabase/schemas")]);
  expect(watcher.changed).toContain(join(import.meta.dirname, "database.ts"));
});

test("with SCHEMAS_RERUN=pgtap it is one of the module that runs pgTAP files", () => {
  vi.stubEnv("SCHEMAS_RERUN", "pgtap");
  const watcher = configuredWatcher();
  vi.unstubAllEnvs();
  watcher.emit("add", join(ROOT, "supabase/schemas/20_tracker/new.sql"));
  expect(watcher.changed).toEqual([join(import.meta.dirname, "pgtap.ts")]);
});

test("another file is not", () => {
  const watcher = configuredWatcher();
  for (const file of ["supabase/schemas/README.md", "supabase/seed.sql"]) {
    watcher.emit("add", join(ROOT, file));
  }
  expect(watcher.changed).toEqual([]);
});
