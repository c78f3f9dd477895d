import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
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
  [...source.matchAll(/status: (\d{3}),\s+code: "(\w+)"/g)].map(([, status, code]) => `${code} ${status}`)
);

function read(pattern: string): string[] {
  return globSync(pattern, { cwd: ROOT }).filter((name) => !name.endsWith(".test.ts"))
    .map((name) => readFileSync(join(ROOT, name), "utf8"));
}

const sorted = (pairs: Iterable<string>): string[] => [...new Set(pairs)].sort();

/** The entries below a heading, as `code status`, in their order: - `code` (404): meaning. What to do. */
const documented = (heading: string): string[] =>
  [...(sections.get(heading) ?? "").matchAll(/^- `(\w+)` \((\d{3})\)/gm)].map(([, code, status]) =>
    `${code} ${status}`
  );

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
