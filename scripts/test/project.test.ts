import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CliConfigSchema } from "@supabase/config";
import { Schema } from "effect";
import { parse } from "smol-toml";
import { expect, test } from "vitest";
import { functionNames } from "../local/functions.ts";
import { ROOT, SUPABASE_DIR } from "../local/paths.ts";

// The folder supabase/ is complete for the official CLI, and what npm and Deno install is the same.

const read = (name: string): string => readFileSync(join(ROOT, name), "utf8");
const config = parse(read("supabase/config.toml")) as {
  functions: Record<string, { import_map: string; verify_jwt: boolean }>;
};
const { imports } = JSON.parse(read("supabase/functions/import_map.json")) as {
  imports: Record<string, string>;
};
const manifest = JSON.parse(read("package.json")) as Record<string, Record<string, string>>;
const packages: Record<string, string> = { ...manifest.dependencies, ...manifest.devDependencies };

test("config.toml is valid, and has no key that the CLI does not know", () => {
  const decode = Schema.decodeUnknownSync(CliConfigSchema, { onExcessProperty: "error" });
  expect(() => decode(config)).not.toThrow();
  expect(() => decode({ ...config, unknown_section: {} })).toThrow();
});

test("every function has its entry, its handler, its section in config.toml and the shared import map", () => {
  const names = functionNames();
  expect(names.length).toBeGreaterThan(0);
  expect(Object.keys(config.functions).sort()).toEqual(names);
  for (const name of names) {
    expect(existsSync(join(SUPABASE_DIR, "functions", name, "index.ts")), name).toBe(true);
    expect(existsSync(join(SUPABASE_DIR, "functions", name, "handler.ts")), name).toBe(true);
    expect(existsSync(join(SUPABASE_DIR, "functions", name, "handler.test.ts")), name).toBe(true);
    expect(config.functions[name]?.import_map).toBe("./functions/import_map.json");
    expect(config.functions[name]?.verify_jwt, "stated, not left to the default").toBeTypeOf("boolean");
  }
});

test("functions import pinned npm packages in the version that npm installs, node: modules and their own files", () => {
  for (const [name, specifier] of Object.entries(imports)) {
    const pinned = specifier.match(/^npm:((?:@[^/@]+\/)?[^/@]+)@(\d+\.\d+\.\d+)(\/.*)?$/);
    expect(pinned, specifier).not.toBeNull();
    const [, installed = "", version] = pinned ?? [];
    expect(name.startsWith(installed), `${name} is ${installed}`).toBe(true);
    expect(packages[installed], installed).toBe(version);
  }
  for (
    const file of globSync("supabase/functions/**/*.ts", { cwd: ROOT }).filter((name) =>
      !/(\.test|\/testing)\.ts$/.test(name)
    )
  ) {
    for (const [, from = ""] of read(file).matchAll(/^(?:import|export) .*?from "([^"]+)"/gms)) {
      const known = from in imports || from.startsWith("node:") || /^\.\.?\/.*\.ts$/.test(from);
      expect(known, `${file} imports ${from}`).toBe(true);
      if (from.startsWith("../")) {
        expect(from.startsWith("../_shared/"), `${file} imports ${from}`).toBe(true);
      }
    }
  }
});

test("only index.ts touches Deno", () => {
  for (
    const file of globSync("supabase/functions/**/*.ts", { cwd: ROOT }).filter((name) =>
      !name.endsWith("/index.ts")
    )
  ) {
    expect(read(file), file).not.toMatch(/\bDeno\./);
  }
});

test("what test files share registers its hooks in a function: without isolation, a module runs for one file only", () => {
  for (const file of globSync("{scripts,supabase}/**/*.ts", { cwd: ROOT })) {
    if (file.endsWith(".test.ts")) continue;
    expect(read(file), file).not.toMatch(/^((before|after)(All|Each)|vi\.\w+)\(/m);
  }
});

test("versions are exact", () => {
  for (const [name, version] of Object.entries(packages)) {
    expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
  }
});

test("every script of package.json has its line in the README", () => {
  const readme = read("README.md");
  for (const name of Object.keys(manifest.scripts ?? {})) {
    expect(readme, name).toContain(name === "test" ? "npm test" : name);
  }
});
