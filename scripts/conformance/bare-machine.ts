import { spawn, spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { command, progress, report } from "../command.ts";
import { ROOT } from "../local/paths.ts";
import { UserError } from "../local/user-error.ts";
import { installMmdebstrap, isRoot } from "./apt.ts";
import { makeChroot } from "./chroot.ts";

const HELP = `
npm run bare-machine [-- --tests] [-- --keep] [-- --if-available]

Makes a Debian 13 with nodejs, npm, git, ca-certificates and nothing else in a temporary folder, copies this checkout into
it, and runs \`npm ci\`, the demo and \`npm install\` there as an ordinary user. Needs root, apt and mmdebstrap; takes about three minutes
and 2 GB.

  --tests          \`npm test -- --all\` too
  --keep           leave the folder, and print where it is
  --if-available   where that is not possible, print the reason and succeed
`;

const PACKAGES = ["nodejs", "npm", "git", "ca-certificates"];
const USER = { name: "dev", id: 1000, home: "/home/dev" };
const CHECKOUT = `${USER.home}/fixloop`;
const CERTIFICATES = "usr/local/share/ca-certificates";

/** The machine: a folder, whose programs see it as `/`, with processes of its own. */
class Machine {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /** Runs a script in a shell, as root or as the user, and resolves with its exit code. What it prints is printed. */
  async run(script: string, user?: typeof USER): Promise<number | null> {
    const account = user ? [`--userspec=${user.id}:${user.id}`] : [];
    const inner = ["chroot", ...account, this.root, "sh", "-ec", user ? `cd ${CHECKOUT}; ${script}` : script];
    // a process that outlives the script ends with it, and the mounts are gone with the last process
    const outer = 'mount -t proc proc "$0/proc"; mount --rbind /dev "$0/dev"; exec "$@"';
    const child = spawn("unshare", [
      "--mount",
      "--pid",
      "--fork",
      "--kill-child",
      "sh",
      "-ec",
      outer,
      this.root,
      ...inner,
    ], { stdio: ["ignore", "inherit", "inherit"], env: this.environment(user) });
    return await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
  }

  /** What a new session has, and how this machine reaches the registry of npm. */
  private environment(user?: typeof USER): NodeJS.ProcessEnv {
    const names = /^(https?_proxy|no_proxy|npm_config_(registry|https?_proxy|noproxy))$/i;
    return {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => names.test(name))),
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      HOME: user?.home ?? "/root",
      USER: user?.name ?? "root",
      LANG: "C.UTF-8",
      ...(process.env.CI ? { CI: process.env.CI } : {}),
    };
  }

  /** Gives a folder and what is in it to the user. */
  give(folder: string, user: typeof USER): void {
    const path = join(this.root, folder);
    lchownSync(path, user.id, user.id);
    for (const name of readdirSync(path, { recursive: true, encoding: "utf8" })) {
      lchownSync(join(path, name), user.id, user.id);
    }
  }
}

/** The machine, or why this one can't make it. */
async function makeMachine(root: string): Promise<Machine | string> {
  const problem = await makeChroot(root, PACKAGES, [
    "/usr/share/doc/*",
    "/usr/share/man/*",
    "/usr/share/locale/*",
  ]);
  if (problem) return `${problem}: it needs mmdebstrap, and a mirror of Debian that apt reaches`;
  const machine = new Machine(root);
  appendFileSync(join(root, "etc/passwd"), `${USER.name}:x:${USER.id}:${USER.id}::${USER.home}:/bin/sh\n`);
  appendFileSync(join(root, "etc/group"), `${USER.name}:x:${USER.id}:\n`);
  chmodSync(join(root, "tmp"), 0o1777);
  // a registry behind a proxy has a certificate that this machine trusts
  if (existsSync(`/${CERTIFICATES}`)) {
    cpSync(`/${CERTIFICATES}`, join(root, CERTIFICATES), { recursive: true });
  }
  if (await machine.run("update-ca-certificates > /dev/null 2>&1") !== 0) {
    throw new UserError("update-ca-certificates failed.", `Look at the files in /${CERTIFICATES}.`);
  }
  return machine;
}

/** Copies the files of this checkout that git tracks or would track, as a repository with one commit. */
async function copyCheckout(machine: Machine): Promise<void> {
  const list = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (list.status !== 0) throw new UserError("git does not list this checkout.", list.stderr.trim());
  const target = join(machine.root, CHECKOUT);
  mkdirSync(target, { recursive: true });
  for (const file of new Set(list.stdout.split("\0").filter((name) => name !== ""))) {
    mkdirSync(dirname(join(target, file)), { recursive: true });
    cpSync(join(ROOT, file), join(target, file), { errorOnExist: false, force: true });
  }
  machine.give(USER.home, USER);
  const author = "-c user.name=dev -c user.email=dev@example.org";
  const made = await machine.run(
    `git init --quiet; git add --all; git ${author} commit --quiet -m copy`,
    USER,
  );
  if (made !== 0) throw new UserError("The copy could not be committed.", "See what git printed above.");
}

/** Why this machine cannot make another, if so. */
function findMissing(): string | undefined {
  if (!isRoot()) return "only root can make a machine";
  if (spawnSync("unshare", ["--mount", "--pid", "--fork", "true"]).status !== 0) {
    return "this machine gives out no namespaces (unshare failed)";
  }
  return installMmdebstrap(progress);
}

/** Runs the README's commands as the user, and looks at last for what they left behind for git to see. */
async function runSteps(machine: Machine, steps: string[]): Promise<boolean> {
  const clean = {
    name: "git status is clean",
    script: 'git status --short; test -z "$(git status --porcelain)"',
  };
  let passed = true;
  for (const { name, script } of [...steps.map((step) => ({ name: step, script: step })), clean]) {
    progress(name);
    const started = performance.now();
    const code = await machine.run(script, USER);
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    passed = report(`${name}, ${seconds} s`, code === 0 ? [] : [`exit code ${code}`]) && passed;
    if (code !== 0 && script === "npm ci") break;
  }
  return passed;
}

await command(import.meta.main, HELP, async (args) => {
  const { values } = parseArgs({
    args,
    options: {
      tests: { type: "boolean" },
      keep: { type: "boolean" },
      "if-available": { type: "boolean" },
    },
  });
  const missing = findMissing();
  if (missing) {
    console.log(`bare-machine: skipped, ${missing}`);
    return values["if-available"] === true;
  }
  const folder = mkdtempSync(join(tmpdir(), "fixloop-bare-"));
  chmodSync(folder, 0o755);
  const remove = (): void => {
    if (!values.keep) rmSync(folder, { recursive: true, force: true });
  };
  const interrupted = (): void => {
    remove();
    process.exit(130);
  };
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
  try {
    progress(`making a Debian 13 with ${PACKAGES.join(" ")}`);
    const machine = await makeMachine(join(folder, "root"));
    if (typeof machine === "string") {
      console.log(`bare-machine: skipped, ${machine}`);
      return values["if-available"] === true;
    }
    if (values.keep) console.log(`The machine is in ${machine.root}.`);
    progress("copying the checkout");
    await copyCheckout(machine);
    return await runSteps(machine, [
      "npm ci",
      "npm run demo",
      ...(values.tests ? ["npm test -- --all"] : []),
      "npm install",
    ]);
  } finally {
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
    remove();
  }
});
