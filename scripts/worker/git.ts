import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, type RunResult } from "./process.ts";

export interface GitOptions {
  /** Our own folder, which the agent does not work in. */
  folder: string;
  /** The allowed protocols of a task's repository, such as `https`. */
  protocols: readonly string[];
  author: { name: string; email: string };
  /** The commands of filters that are run when files are added, by their names. */
  filters?: Readonly<Record<string, string>>;
  /** How long a server may send nothing. */
  stallMs?: number;
  /** Options that each call begins with. */
  always?: readonly string[];
  signal: AbortSignal;
}

export interface Credentials {
  /** The only server that gets the token, as `https://github.com`. */
  origin: string;
  token: string;
}

export interface GitCall {
  cwd?: string;
  input?: string | Buffer;
  /** Another index than the repository's own. */
  indexFile?: string;
  /** A folder of objects that are looked at in addition to the repository's own. */
  objects?: string;
  credentials?: Credentials | null;
  /** Whether the agent's local clone is fetched, as a `file` repository, whatever tasks may use. */
  isLocal?: boolean;
  timeoutMs?: number;
  keepBytes?: number;
  /** Exit codes that are not errors. */
  accept?: readonly number[];
}

export type Git = (args: readonly string[], call?: GitCall) => Promise<RunResult>;

/**
 * An error of git. Its text may contain what a server sent: it is shown, and only parsed for the kind of the
 * error.
 */
export class GitError extends Error {
  readonly stderr: string;
  readonly stdout: string;

  constructor(command: string, result: RunResult) {
    const output = result.stderr.trim().split("\n").slice(-4).join("\n");
    super(
      result.endedBy === "timeout" ? `git ${command} took too long` : output || `git ${command} failed`,
    );
    this.name = "GitError";
    this.stderr = result.stderr;
    this.stdout = result.stdout;
  }
}

/** A value in git's configuration; JSON's escapes are among its. */
const quoted = (text: string): string => JSON.stringify(text);

const STALL_MS = 60_000;

/** Faults of commits that many old repositories have: an agent that fetches more history fetches them too. */
const OLD_FAULTS = [
  ...[
    "badDate",
    "badDateOverflow",
    "badEmail",
    "badName",
    "badTimezone",
    "zeroPaddedDate",
    "zeroPaddedFilemode",
  ],
  ...["missingEmail", "missingNameBeforeEmail", "missingSpaceBeforeDate", "missingSpaceBeforeEmail"],
  ...[
    "missingAuthor",
    "missingCommitter",
    "multipleAuthors",
    "missingTaggerEntry",
    "badTagName",
    "treeNotSorted",
  ],
];

/** Runs nothing that a repository contains: no hooks, no helpers, no submodules, no fsmonitor. */
const CONFIG = ({ author, filters = {}, stallMs = STALL_MS }: GitOptions): string =>
  `[core]
	hooksPath = /dev/null
	fsmonitor = false
	attributesFile = /dev/null
	excludesFile = /dev/null
[credential]
	helper =
[submodule]
	recurse = false
[fetch]
	recurseSubmodules = false
[fetch "fsck"]
${OLD_FAULTS.map((fault) => `	${fault} = ignore\n`).join("")}[push]
	recurseSubmodules = no
[diff]
	ignoreSubmodules = all
[gc]
	auto = 0
[maintenance]
	auto = false
[commit]
	gpgSign = false
[advice]
	addEmbeddedRepo = false
[safe]
	directory = *
[http]
	lowSpeedLimit = 1000
	lowSpeedTime = ${Math.ceil(stallMs / 1000)}
[user]
	name = ${quoted(author.name)}
	email = ${quoted(author.email)}
${
    Object.entries(filters).map(([name, command]) =>
      `[filter "${name}"]
	clean = ${quoted(command)}
	smudge = cat
	required = true
`
    ).join("")
  }`;

/**
 * Answers git's two questions for the one server that the token is for; a redirect to another server gets no
 * answer.
 */
const ASKPASS = `#!/bin/sh
case "$1" in
  "Username for '$FIXLOOP_GIT_ORIGIN'"*) echo x-access-token ;;
  "Password for '$FIXLOOP_GIT_USER_ORIGIN'"*) printf '%s\\n' "$FIXLOOP_GIT_TOKEN" ;;
  *) exit 1 ;;
esac
`;

/** Variables of the worker that git needs to reach a server. */
const PASSED_ON = [
  "PATH",
  "TMPDIR",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "all_proxy",
  "no_proxy",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "GIT_SSL_CAINFO",
  "SSH_AUTH_SOCK",
  "SYSTEMROOT",
];

/**
 * git with our configuration only, without prompts, its credentials neither on a command line nor in a file.
 *
 * @param environment the worker's own, of which only the variables that git needs are passed on
 * @throws GitError when git ends with another code than 0 and those accepted
 */
export function createGit(
  options: GitOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Git {
  const { folder, protocols, signal, always = [] } = options;
  const home = join(folder, "home");
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const configFile = join(folder, "gitconfig");
  const askpass = join(folder, "askpass");
  writeFileSync(configFile, CONFIG(options), { mode: 0o600 });
  writeFileSync(askpass, ASKPASS, { mode: 0o700 });
  const passedOn = Object.fromEntries(
    PASSED_ON.flatMap((name) => environment[name] === undefined ? [] : [[name, environment[name]]]),
  );

  return async (args, call = {}) => {
    const { credentials, accept = [] } = call;
    const result = await run("git", [...always, ...args], {
      cwd: call.cwd ?? folder,
      env: {
        ...passedOn,
        HOME: home,
        LC_ALL: "C",
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_CONFIG_GLOBAL: configFile,
        GIT_TERMINAL_PROMPT: "0",
        GIT_ASKPASS: askpass,
        GIT_SSH_COMMAND: "ssh -oBatchMode=yes",
        GIT_LFS_SKIP_SMUDGE: "1",
        GIT_NO_LAZY_FETCH: "1",
        ...(call.indexFile ? { GIT_INDEX_FILE: call.indexFile } : {}),
        ...(call.objects ? { GIT_ALTERNATE_OBJECT_DIRECTORIES: JSON.stringify(call.objects) } : {}),
        GIT_ALLOW_PROTOCOL: call.isLocal ? "file" : protocols.join(":"),
        ...(credentials
          ? {
            FIXLOOP_GIT_ORIGIN: credentials.origin,
            FIXLOOP_GIT_USER_ORIGIN: credentials.origin.replace("://", "://x-access-token@"),
            FIXLOOP_GIT_TOKEN: credentials.token,
          }
          : {}),
      },
      signal,
      timeoutMs: call.timeoutMs ?? 120_000,
      ...(call.input === undefined ? {} : { input: call.input }),
      ...(call.keepBytes === undefined ? {} : { keepBytes: call.keepBytes }),
    });
    if (result.endedBy === "abort") signal.throwIfAborted();
    if (result.endedBy === null && (result.code === 0 || accept.includes(result.code ?? -1))) return result;
    throw new GitError(args.find((arg) => /^[a-z]+(-[a-z]+)*$/.test(arg)) ?? "", result);
  };
}

/**
 * Whether a server denied access, in the words of GitHub, GitLab, Gitea, Bitbucket and Azure DevOps; GitHub answers
 * the same for a repository that does not exist.
 */
export const isDenied = (error: GitError): boolean => DENIED.test(error.stderr);

const DENIED = new RegExp(
  [
    "authentication failed|could not read (username|password)|access denied|permission .*denied",
    "(repository|project) .*(not found|does not exist|not be found)|does not appear to be a git repository",
    "not (allowed|permitted|authorized)|you (don't|do not) have|unauthorized|\\bforbidden\\b",
    "read[- ]only(?! file)|returned error: (401|403|404|410|451)",
  ].join("|"),
  "i",
);
