import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { command, report } from "../command.ts";
import { ROOT } from "../local/paths.ts";

const HELP = `npm run lock:complete

Adds the entries to package-lock.json that npm leaves out: optional packages for other platforms (Windows, musl) that
the registry did not offer when the lock file was written. Without them \`npm ci\` refuses the whole lock file. Run it
after \`npm install\` of a package.
`;

const LOCK_FILE = join(ROOT, "package-lock.json");

/** What the lock file says about one package; the keys that we read or write. */
export interface LockedPackage {
  version?: string;
  license?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

/** The lock file of npm 7 and later: packages by their folder, the root as `""`. */
export interface LockFile {
  packages: Record<string, LockedPackage>;
}

/** A dependency of a locked package that has no entry of its own. */
export interface Missing {
  /** Folder of the package that depends on it. */
  by: string;
  name: string;
  range: string;
  isOptional: boolean;
}

/** Every dependency, optional ones included, of every locked package that the lock file has no entry for. */
export function missingEntries({ packages }: LockFile): Missing[] {
  return Object.entries(packages).flatMap(([by, locked]) => {
    const { peerDependencies = {}, peerDependenciesMeta = {} } = locked;
    const peers = Object.entries(peerDependencies).filter(([name]) => !peerDependenciesMeta[name]?.optional);
    const optional = Object.keys(locked.optionalDependencies ?? {});
    return [
      ...Object.entries(locked.dependencies ?? {}),
      ...Object.entries(locked.optionalDependencies ?? {}),
      ...peers,
    ]
      .filter(([name]) => !isLocked(packages, by, name))
      .map(([name, range]) => ({ by, name, range, isOptional: optional.includes(name) }));
  });
}

/** Whether a package is found from a folder as Node looks for it: in the folder's `node_modules`, then in each above. */
function isLocked(packages: LockFile["packages"], from: string, name: string): boolean {
  for (let folder = from;;) {
    if (packages[`${folder ? `${folder}/` : ""}node_modules/${name}`]) return true;
    if (folder === "") return false;
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")));
  }
}

/** npm's names for what packages of programs call a platform. */
const SYSTEMS: Record<string, string> = {
  windows: "win32",
  win32: "win32",
  linux: "linux",
  darwin: "darwin",
  freebsd: "freebsd",
  openbsd: "openbsd",
  netbsd: "netbsd",
  android: "android",
  sunos: "sunos",
};
const PLATFORM = new RegExp(
  `(${
    Object.keys(SYSTEMS).join("|")
  })-(x64|arm64|arm|ia32|loong64|ppc64|riscv64|s390x)(?:-(musl|glibc|gnu|msvc))?$`,
);

/**
 * The entry of a package for one platform, read from its name (`cli-linux-x64-musl`): npm skips it elsewhere without a
 * request. It has no integrity, as the entries that npm itself writes for packages it did not fetch.
 */
export function platformEntry({ name, range }: Missing, owner: LockedPackage): LockedPackage | undefined {
  const [, system = "", cpu = "", abi] = name.match(PLATFORM) ?? [];
  const os = SYSTEMS[system];
  if (!os || !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(range)) return undefined;
  const libc = abi === "musl" ? "musl" : abi === "glibc" || abi === "gnu" ? "glibc" : undefined;
  // the order of npm, so that it finds nothing to write
  return {
    version: range,
    cpu: [cpu],
    ...(owner.dev ? { dev: true } : {}),
    ...(libc ? { libc: [libc] } : {}),
    ...(owner.license ? { license: owner.license } : {}),
    optional: true,
    os: [os],
  };
}

/** The lock file with an entry for each missing package of another platform, in npm's order. */
export function completeLock(lock: LockFile): LockFile {
  const packages = { ...lock.packages };
  for (const missing of missingEntries(lock)) {
    const entry = missing.isOptional ? platformEntry(missing, packages[missing.by] ?? {}) : undefined;
    if (entry) packages[`node_modules/${missing.name}`] = entry;
  }
  const sorted = Object.entries(packages).sort(([left], [right]) => left.localeCompare(right, "en"));
  return { ...lock, packages: Object.fromEntries(sorted) };
}

export const readLock = (): LockFile => JSON.parse(readFileSync(LOCK_FILE, "utf8")) as LockFile;

await command(import.meta.main, HELP, (args) => {
  parseArgs({ args });
  const before = readLock();
  const after = completeLock(before);
  const added = Object.keys(after.packages).filter((name) => !before.packages[name]);
  if (added.length > 0) writeFileSync(LOCK_FILE, `${JSON.stringify(after, null, 2)}\n`);
  for (const name of added) console.log(`added ${name}`);
  const problems = missingEntries(after).map(({ by, name, range }) =>
    `${by || "package.json"}: ${name} ${range}`
  );
  return Promise.resolve(report("package-lock.json has an entry for each dependency", problems));
});
