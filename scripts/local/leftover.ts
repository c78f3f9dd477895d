import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Stops the server that a killed parent left running on this folder, and cleans up after a server that was
 * killed.
 */
export async function stopLeftover(cluster: string): Promise<void> {
  const pidFile = join(cluster, "postmaster.pid");
  if (!existsSync(pidFile)) return;
  const [first, folder] = readFileSync(pidFile, "utf8").split("\n");
  const pid = Number(first);
  if (folder === cluster && isServer(pid, cluster)) {
    process.kill(pid, "SIGINT");
    for (let waited = 0; waited < 10_000 && isAlive(pid); waited += 50) await sleep(50);
    if (isAlive(pid)) process.kill(pid, "SIGQUIT");
    while (isAlive(pid)) await sleep(50);
  }
  // to PostgreSQL a zombie, which stays in a container without an init process, is a running server
  if (isZombie(pid)) {
    while (hasProcess(cluster)) await sleep(50);
    rmSync(pidFile, { force: true });
  }
}

/**
 * Whether a process of this cluster runs, by its working directory: a backend outlives its killed postmaster
 * for a moment.
 */
function hasProcess(cluster: string): boolean {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).some((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === cluster && isAlive(Number(pid));
    } catch {
      return false;
    }
  });
}

/** Whether a process is the server of this cluster: another program may have the process id by now. */
function isServer(pid: number, cluster: string): boolean {
  if (!isAlive(pid)) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(cluster);
  } catch {
    const { stdout } = spawnSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" });
    return (stdout ?? "").includes(cluster);
  }
}

/** Whether a process of ours runs: not a zombie, and not another account's. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch {
    return false;
  }
}

function isZombie(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8").replace(/\(.*\)/, ""));
  } catch {
    return false;
  }
}
