import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";

export interface ProcessEntry {
  pid: number;
  parent: number;
  /** `Z` is a zombie: it has ended, and its parent has not asked how. */
  state: string;
}

/** The processes of this machine: from /proc, which needs no program, or from `ps` where there is none (macOS). */
export function listProcesses(): ProcessEntry[] {
  if (!existsSync("/proc/self/stat")) return listByPs();
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    const entry = readEntry(pid);
    return entry ? [entry] : [];
  });
}

/** Undefined for a process that has just gone. The name in parentheses may contain anything. */
function readEntry(pid: string): ProcessEntry | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state = "", parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { pid: Number(pid), parent: Number(parent), state };
  } catch {
    return undefined;
  }
}

function listByPs(): ProcessEntry[] {
  const { stdout } = spawnSync("ps", ["-eo", "pid=,ppid=,stat="], { encoding: "utf8" });
  return stdout.trim().split("\n").map((line) => {
    const [pid, parent, state = ""] = line.trim().split(/\s+/);
    return { pid: Number(pid), parent: Number(parent), state: state.charAt(0) };
  });
}

/** Whether a process runs; a zombie does not. */
export const isRunning = (pid: number): boolean =>
  listProcesses().some((each) => each.pid === pid && each.state !== "Z");
