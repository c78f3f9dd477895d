import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";

export const isRoot = (): boolean => process.getuid?.() === 0;

/** Runs apt-get without questions; why it failed, if so. */
function aptGet(args: string[]): string | undefined {
  const done = spawnSync("apt-get", args, {
    encoding: "utf8",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    timeout: 300_000,
  });
  if (done.status === 0) return undefined;
  const words = (done.stderr || String(done.error ?? "")).trim().split("\n").at(-1);
  return `apt-get ${args[0]} failed: ${words}`;
}

/** Installs mmdebstrap where it is missing, as root; why that failed, if so. */
export function installMmdebstrap(progress: (step: string) => void): string | undefined {
  if (isExecutable("/usr/bin/mmdebstrap")) return undefined;
  if (!isExecutable("/usr/bin/apt-get")) return "this machine has no apt-get to make a Debian 13 with";
  progress("installing mmdebstrap");
  return aptGet(["update"]) ?? aptGet(["install", "--yes", "--no-install-recommends", "mmdebstrap"]);
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * The lines of `sources.list` for a release of Debian, from the mirrors that this machine is set up to use. Empty on a
 * machine that is not Debian: then mmdebstrap's default is right.
 */
export function aptSources(release: string): string[] {
  const host = readOutput("sh", ["-c", ". /etc/os-release && echo $ID $VERSION_CODENAME"]).split(" ");
  if (host[0] !== "debian" || !host[1]) return [];
  const targets = readOutput("apt-get", [
    "indextargets",
    "--format",
    "$(REPO_URI) $(RELEASE) $(COMPONENT)",
    "Created-By: Packages",
  ]);
  return sourceLines(targets, host[1], release);
}

/** Of what `apt-get indextargets` prints, what is Debian's own (`bookworm`, `bookworm-security`), for another release. */
export function sourceLines(targets: string, from: string, to: string): string[] {
  const lines = targets.split("\n").flatMap((line) => {
    const [uri = "", suite = "", component] = line.split(" ");
    const [, part = ""] = suite.match(new RegExp(`^${from}(-updates|-security)?$`)) ?? [undefined, "-"];
    return component === "main" && part !== "-" ? [`deb ${uri} ${to}${part} main`] : [];
  });
  return [...new Set(lines)];
}

/** Options of apt on this machine that decide whether another system on it reaches the mirrors. */
export function aptProxyOptions(): string[] {
  return readOutput("apt-config", ["dump"]).split("\n").filter((line) =>
    /^Acquire::https?::Proxy /i.test(line)
  );
}

function readOutput(program: string, args: string[]): string {
  const done = spawnSync(program, args, { encoding: "utf8" });
  return done.status === 0 ? done.stdout.trim() : "";
}
