import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { aptProxyOptions, aptSources } from "./apt.ts";

const RELEASE = "trixie";

/** Only root writes here, so that no other account can put programs there for root to run. */
const CACHE = "/var/cache/fixloop";

/** What nothing here needs of the packages: 530 MB. */
const EXCLUDED = [
  "/usr/share/doc/*",
  "/usr/share/man/*",
  "/usr/share/info/*",
  "/usr/share/locale/*",
  "/usr/share/i18n/*",
  "/usr/lib/*/libLLVM*",
  "/usr/lib/*/libz3*",
  "/usr/lib/postgresql/*/lib/bitcode/*",
  "/usr/lib/postgresql/*/lib/llvmjit*",
];

/** `postgresql-common` makes no cluster when the server is installed. */
const NO_CLUSTER =
  'mkdir -p "$1/etc/postgresql-common" && echo "create_main_cluster = false" > "$1/etc/postgresql-common/createcluster.conf"';

/**
 * The folder of a Debian 13 with packages, made with mmdebstrap when this machine has none of the same recipe; a sentence
 * that begins with another sign than `/` when that failed. Root only. About 40 s and 230 MB.
 */
export async function prepareChroot(
  name: string,
  packages: string[],
  progress: (step: string) => void,
): Promise<string> {
  const recipe = createHash("sha256").update(JSON.stringify([RELEASE, packages, EXCLUDED, NO_CLUSTER]))
    .digest("hex");
  const root = join(CACHE, `${name}-${recipe.slice(0, 12)}`);
  if (existsSync(root)) return root;
  progress(`making a Debian 13 with ${packages.join(", ")}`);
  mkdirSync(CACHE, { recursive: true, mode: 0o755 });
  for (const old of readdirSync(CACHE).filter((folder) => folder.startsWith(`${name}-`))) {
    rmSync(join(CACHE, old), { recursive: true, force: true });
  }
  const draft = join(CACHE, `draft-${randomBytes(6).toString("hex")}`);
  const problem = await makeChroot(draft, packages);
  if (problem) {
    rmSync(draft, { recursive: true, force: true });
    return problem;
  }
  renameSync(draft, root);
  return root;
}

/** Makes a Debian 13 in a folder that does not exist; why that failed, if so. */
export async function makeChroot(
  folder: string,
  packages: string[],
  excluded = EXCLUDED,
): Promise<string | undefined> {
  const child = spawn("mmdebstrap", [
    "--mode=root",
    "--variant=apt",
    `--include=${packages.join(",")}`,
    ...excluded.map((path) => `--dpkgopt=path-exclude=${path}`),
    ...aptProxyOptions().map((option) => `--aptopt=${option}`),
    `--essential-hook=${NO_CLUSTER}`,
    RELEASE,
    folder,
    ...aptSources(RELEASE),
  ], { stdio: ["ignore", "ignore", "pipe"], timeout: 900_000 });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => log = (log + text).slice(-4000));
  const code = await new Promise<number | null>((resolve) => {
    child.once("error", (error) => {
      log += String(error);
      resolve(null);
    });
    child.once("close", resolve);
  });
  if (code === 0) return undefined;
  const words = log.trim().split("\n").filter((line) => /^(E:|W:|.*error)/i.test(line)).slice(-3);
  return `mmdebstrap failed: ${words.join(" ") || log.trim().split("\n").at(-1)}`;
}
