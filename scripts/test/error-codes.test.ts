import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "../local/paths.ts";

// docs/error-codes.md and the code name the same codes, with the same HTTP status, in the form of CONTRIBUTING.md.

/** `<system>_<thing>_<reason>`. */
const SYSTEM_CODE =
  /^(tracker|exai|agents|team|inbox|provider|devpulse|support|loop)_[a-z_]+_(invalid|unknown|required|conflict|forbidden|unsupported|expired|too_large|limit_reached|rate_limited|unavailable)$/;

/** `<system>_<reason>`, where the system itself is the thing: the store of incoming events can't be reached. */
const SYSTEM_UNAVAILABLE = /^(inbox)_unavailable$/;

/** Codes of every system. */
const SHARED = new Set([
  "api_unavailable",
  "body_expired",
  "body_invalid",
  "body_too_large",
  "content_type_unsupported",
  "database_unavailable",
  "encoding_unsupported",
  "function_ticket_invalid",
  "function_unavailable",
  "key_change_forbidden",
  "method_unsupported",
  "origin_forbidden",
  "path_unknown",
  "request_expired",
  "secret_key_required",
  "sign_in_required",
  "team_role_required",
  "token_invalid",
]);

/** Headings of the page, each with what the codes below it begin with. */
const SECTIONS: Record<string, string> = {
  Shared: "",
  Team: "team_",
  Inbox: "inbox_",
  Providers: "provider_",
  Tracker: "tracker_",
  Exai: "exai_",
  Agents: "agents_",
  devpulse: "devpulse_",
  support: "support_",
  loop: "loop_",
};

/** What an edge function answers. */
const ANSWER = /status: (\d{3}),\s+code: "(\w+)"/g;
const answers = new Map<string, Set<string>>();

/** "The functions of connections". */
const CONNECTIONS = new Set(["connect-devto", "disconnect-platform", "oauth-callback", "oauth-start"]);

const page = readFileSync(join(ROOT, "docs/error-codes.md"), "utf8");
const sections = new Map(
  page.split(/^## /m).slice(1).map((part) => [part.slice(0, part.indexOf("\n")), part]),
);

const sql = read("supabase/schemas/**/*.sql");
const raised = sql.flatMap((source) =>
  [...source.matchAll(/errcode = 'PT(\d{3})',\s+message = '(\w+)'/g)].map(([, status, code]) =>
    `${code} ${status}`
  )
);
const answered = read("supabase/functions/**/*.ts").flatMap((source) =>
  [...source.matchAll(ANSWER)].map(([, status, code]) => `${code} ${status}`)
);

function read(pattern: string): string[] {
  return globSync(pattern, { cwd: ROOT }).filter((name) => !name.endsWith(".test.ts"))
    .map((name) => readFileSync(join(ROOT, name), "utf8"));
}

/** The edge functions whose code answers a code, theirs or shared. */
const answering = (code: string): string[] =>
  entries.filter(({ files }) => files.some((file) => codesOf(file).has(code))).map(({ name }) => name);

const entries = globSync("supabase/functions/*/index.ts", { cwd: ROOT }).map((entry) => ({
  name: entry.split("/").at(-2) ?? "",
  files: [...imported(join(ROOT, entry))],
}));

function codesOf(file: string): Set<string> {
  const codes = answers.get(file) ??
    new Set([...readFileSync(file, "utf8").matchAll(ANSWER)].map(([, , code = ""]) => code));
  answers.set(file, codes);
  return codes;
}

/** A file, and all of ours that it imports. */
function imported(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, from = ""] of readFileSync(file, "utf8").matchAll(/ from "(\.[^"]+)"/g)) {
    imported(join(dirname(file), from), found);
  }
  return found;
}

const sorted = (pairs: Iterable<string>): string[] => [...new Set(pairs)].sort();

/** The entries below a heading, as `code status`, in their order: - `code` (404): meaning. What to do. From where. */
const documented = (heading: string): string[] =>
  [...(sections.get(heading) ?? "").matchAll(/^- `(\w+)` \((\d{3})\)/gm)].map(([, code, status]) =>
    `${code} ${status}`
  );

/** The entries below a heading, each in one line. */
const entriesOf = (heading: string): { code: string; text: string }[] =>
  (sections.get(heading) ?? "").split(/^- /m).slice(1).map((entry) => {
    const text = (entry.split(/\n\n/)[0] ?? "").replace(/\s+/g, " ").trim();
    return { code: text.match(/^`(\w+)`/)?.[1] ?? "", text };
  });

describe("the page", () => {
  test("has every code that SQL raises, with its status, below the systems' headings, and no other", () => {
    const raises = sql.join("\n").match(/raise exception/g) ?? [];
    expect(raised.length, "every raise has the form errcode, message").toBe(raises.length);
    expect(sorted(Object.keys(SECTIONS).flatMap(documented))).toEqual(sorted(raised));
  });

  test("has every code that an edge function answers, with its status, and no other", () => {
    expect(answered.length).toBeGreaterThan(0);
    expect(sorted(documented("Edge functions"))).toEqual(sorted(answered));
  });

  test.each(Object.entries(SECTIONS))("has below %s the codes of that system", (heading, prefix) => {
    const codes = documented(heading).map((entry) => entry.split(" ")[0] ?? "");
    expect(codes.filter((code) => prefix === "" ? !SHARED.has(code) : !code.startsWith(prefix))).toEqual([]);
  });

  test("says of each code where it is from, and nothing after that", () => {
    const unclear = [...Object.keys(SECTIONS), "Edge functions"].flatMap(entriesOf).filter(({ text }) =>
      !/^(?!.* From .* From ).* From [^.]+\.$/.test(text.replace(/`[^`]*`/g, "x"))
    );
    expect(unclear).toEqual([]);
  });

  test("names each edge function that answers a code", () => {
    const missing = entriesOf("Edge functions").flatMap(({ code, text }) =>
      text.includes("From every function")
        ? []
        : answering(code).filter((name) =>
          !text.includes(`\`${name}\``) &&
          !(text.includes("the functions of connections") && CONNECTIONS.has(name))
        ).map((name) => `${code}: ${name}`)
    );
    expect(missing).toEqual([]);
  });

  test("has every code that is stored without being raised", () => {
    const literals = [...sql, ...read("supabase/functions/**/*.ts")].flatMap((source) =>
      [...source.matchAll(/['"](\w+)['"]/g)].map(([, text = ""]) => text).filter((text) =>
        SYSTEM_CODE.test(text)
      )
    );
    expect(sorted(literals).filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
  });

  test.each([...Object.keys(SECTIONS), "Edge functions"])("is sorted below %s, each code once", (heading) => {
    expect(documented(heading)).toEqual(sorted(documented(heading)));
  });
});

test("a code is shared by all systems, or says its system, what it is about and one of the reasons", () => {
  const codes = [...raised, ...answered].map((entry) => entry.split(" ")[0] ?? "");
  expect(
    sorted(codes).filter((code) =>
      !SHARED.has(code) && !SYSTEM_CODE.test(code) && !SYSTEM_UNAVAILABLE.test(code)
    ),
  ).toEqual([]);
});

test("a shared code that nothing raises or answers is no longer in the list", () => {
  const codes = new Set([...raised, ...answered].map((entry) => entry.split(" ")[0]));
  expect([...SHARED].filter((code) => !codes.has(code))).toEqual([]);
});
