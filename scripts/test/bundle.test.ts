import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type LoadResponse } from "@deno/eszip";
import { describe, expect, test } from "vitest";
import { functionNames } from "../local/functions.ts";
import { SUPABASE_DIR } from "../local/paths.ts";

// `supabase functions deploy` bundles with eszip: every import is followed, and a specifier that leads nowhere ends it.

const FUNCTIONS = `${pathToFileURL(join(SUPABASE_DIR, "functions")).href}/`;
const IMPORT_MAP = `${FUNCTIONS}import_map.json`;

interface Bundle {
  bytes: Uint8Array;
  /** Files of ours in it, from supabase/functions. */
  files: string[];
  /** What it leaves to the platform: `npm:` and `node:` specifiers. */
  externals: string[];
}

/** Bundles as the platform does: our files inside, packages of npm and modules of Node outside. */
async function bundle(entry: string, replaced: Record<string, string> = {}): Promise<Bundle> {
  const files = new Set<string>();
  const externals = new Set<string>();
  const load = async (specifier: string): Promise<LoadResponse | undefined> => {
    if (/^(npm|node):/.test(specifier)) {
      externals.add(specifier);
      return { kind: "external", specifier };
    }
    if (!specifier.startsWith("file:")) throw new Error(`${specifier} is neither a file nor a package`);
    const content = replaced[specifier] ?? await readFile(fileURLToPath(specifier), "utf8");
    if (specifier !== IMPORT_MAP) {
      files.add(specifier.startsWith(FUNCTIONS) ? specifier.slice(FUNCTIONS.length) : specifier);
    }
    return { kind: "module", specifier, content };
  };
  const bytes = await build([entry], load, IMPORT_MAP);
  return { bytes, files: [...files].sort(), externals: [...externals].sort() };
}

const entryOf = (name: string): string =>
  pathToFileURL(join(SUPABASE_DIR, "functions", name, "index.ts")).href;

describe.each(functionNames())("%s", (name) => {
  test("bundles, with its handler and without tests", async () => {
    const { bytes, files } = await bundle(entryOf(name));
    expect(Buffer.from(bytes.subarray(0, 5)).toString()).toBe("ESZIP");
    expect(files).toEqual(expect.arrayContaining([`${name}/index.ts`, `${name}/handler.ts`]));
    expect(files.filter((file) => !file.startsWith(`${name}/`) && !file.startsWith("_shared/"))).toEqual([]);
    expect(files.filter((file) => file.includes(".test."))).toEqual([]);
  });

  test("imports from npm what the pinned versions export", async () => {
    const { externals } = await bundle(entryOf(name));
    for (const specifier of externals.filter((each) => each.startsWith("npm:"))) {
      const [, installed = "", path = ""] = specifier.match(/^npm:\/?((?:@[^/]+\/)?[^/@]+)@[^/]+(\/.*)?$/) ??
        [];
      expect(() => import.meta.resolve(`${installed}${path}`), specifier).not.toThrow();
    }
  });
});

describe("a bundle fails", () => {
  const entry = entryOf("mcp");

  test("on a name that the import map lacks", async () => {
    await expect(bundle(entry, { [entry]: 'import "zoed";' })).rejects.toThrow(/zoed/);
  });

  test("on a file that does not exist", async () => {
    await expect(bundle(entry, { [entry]: 'import "./handlers.ts";' })).rejects.toThrow(/handlers\.ts/);
  });

  test("on a package of another registry", async () => {
    await expect(bundle(entry, { [entry]: 'import "https://example.com/mod.ts";' })).rejects.toThrow(
      /example\.com/,
    );
  });
});
