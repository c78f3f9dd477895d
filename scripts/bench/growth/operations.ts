import { pageAsJson } from "../queries.ts";
import { wordOf } from "../words.ts";

/** Who asks: a team viewer, a team agent whom issues are assigned to, a team admin, a person with tasks of their own. */
export type Caller = "viewer" | "agent" | "admin" | "owner";

/** What people, servers and jobs do, over tables of any size. */
export interface Operation {
  system: "tracker" | "exai" | "agents";
  name: string;
  caller: Caller;
  /** SQL as PostgREST or a client sends it. What it writes is rolled back. */
  query: string;
  /** The same answer from the rows themselves, for a read model: measured at the largest size. */
  raw?: string;
  /** Why it may take more than three times as long at the largest size as at the smallest. */
  reason?: string;
}

const page = (view: string, rest = ""): string => pageAsJson(`public.${view}`, rest);
const call = (expression: string): string =>
  `select coalesce(json_agg(p), '[]')::text from public.${expression} as p`;

const read = (
  system: Operation["system"],
  caller: Caller,
  entries: Record<string, string | Pick<Operation, "query" | "raw" | "reason">>,
): Operation[] =>
  Object.entries(entries).map(([name, entry]) => ({
    system,
    caller,
    name,
    ...(typeof entry === "string" ? { query: entry } : entry),
  }));

const model = (view: string, rest = ""): Pick<Operation, "query" | "raw"> => ({
  query: page(view, rest),
  raw: pageAsJson(`bench.${view}`, rest),
});

const RANKED = "ranks up to 2,000 matches, and there are fewer at the smallest size";
const COMPARED = "ranks up to 1,200 matches, and there are fewer at the smallest size";
const REPEATED = "reads the issues of 50 questions, and at the smallest size they have fewer";
const COUNTED =
  "finds the oldest issue of each age, status and segment, and at the smallest size fewer have one";
const CURRENT = "counts the tasks of the current week, and at the smallest size it has fewer";
const OF_FILE = "sorts the issues of the file, and at the smallest size it has fewer";
const UNBLOCKS = "follows up to 100 issues that wait for each of the 20, and at the smallest size fewer do";
const SAMPLED =
  "does not grow from 100,000 on: reads the newest 2,000, to learn whether the word is frequent";

const explained = (query: string, reason: string): Pick<Operation, "query" | "reason"> => ({ query, reason });

export const OPERATIONS: readonly Operation[] = [
  ...read("tracker", "viewer", {
    "the 50 newest issues": page("issues", "order by v.created_at desc limit 50"),
    "issues that wait, oldest first": page(
      "issues",
      "where v.status = 'waiting_for_help' order by v.created_at limit 50",
    ),
    "issues of an assignee, newest first": page(
      "issues",
      "where v.assigned_to = 'Person 7' order by v.created_at desc limit 50",
    ),
    "issues with a rare tag, by issue_tags": page(
      "issue_tags",
      "join public.issues as i on i.id = v.issue_id where v.tag_name = 'rare' order by i.created_at desc limit 50",
    ),
    "issue_activity_log, latest 50": page("issue_activity_log", "order by v.last_comment_at desc limit 50"),
    "open_issues, oldest 50": page("open_issues", "order by v.created_at limit 50"),
    "open_issues, most discussed 50": page("open_issues", "order by v.comment_count desc limit 50"),
    "issue_status_ages": { ...model("issue_status_ages"), reason: COUNTED },
    "issues_by_space": model("issues_by_space"),
    "issue_trends": model("issue_trends"),
    "repeated_questions, top 50": {
      ...model("repeated_questions", "order by v.issue_count desc, v.last_at desc limit 50"),
      reason: REPEATED,
    },
    "issue_import_differences, newest 50": model(
      "issue_import_differences",
      "order by v.imported_at desc limit 50",
    ),
    "issue_import_logs, newest 50": page("issue_import_logs", "order by v.imported_at desc limit 50"),
    "issue_status_logs, newest 50": page("issue_status_logs", "order by v.changed_at desc limit 50"),
    "comments, newest 50": page("comments", "order by v.created_at desc limit 50"),
    "circle_issues, newest 50": page("circle_issues", "order by v.created_at desc limit 50"),
    "circle_issues of a space, newest 50": page(
      "circle_issues",
      "where v.space_id = '9' order by v.created_at desc limit 50",
    ),
    "search_issues, a frequent word": { query: call(`search_issues('${wordOf(100)}')`), reason: RANKED },
    "search_issues, a rare word": { query: call(`search_issues('${wordOf(12_000)}')`), reason: RANKED },
    "search_issues, two words": {
      query: call(`search_issues('${wordOf(900)} ${wordOf(1_500)}')`),
      reason: RANKED,
    },
    "search_issues, a word that does not occur": call("search_issues('xyzzyqwert')"),
    "similar_issues": {
      query: call("similar_issues('Login loop after the export', 'It asks again and again')"),
      reason: COMPARED,
    },
  }),
  ...read("tracker", "agent", {
    "open_issues, mine": page("open_issues", "where v.is_mine = true order by v.created_at desc limit 50"),
    "an issue's status": "update public.issues set status = 'in_progress' where seq_id = 5",
    "a comment":
      "insert into public.comments (issue_id, author_name, body) select id, 'Ana', 'Same here' from public.issues where seq_id = 5",
  }),
  ...read("exai", "viewer", {
    "exai_issues, newest 50": page("exai_issues", "order by v.created_at desc limit 50"),
    "exai_ready_issues, 20": explained(page("exai_ready_issues", "limit 20"), UNBLOCKS),
    "active issues of a component": call("list_active_exai_issues(component := 'component 3')"),
    "active issues of a component that no issue has": call("list_active_exai_issues(component := 'nowhere')"),
    "search_exai_issues, newest": call("search_exai_issues('')"),
    "search_exai_issues, a component that no issue has": call(
      "search_exai_issues('', component := 'nowhere')",
    ),
    "search_exai_issues, a file": explained(
      call("search_exai_issues('', file := 'provider_471.py')"),
      OF_FILE,
    ),
    "search_exai_issues, a word that does not occur": explained(
      call("search_exai_issues('xyzzyqwert')"),
      SAMPLED,
    ),
  }),
  ...read("agents", "owner", {
    "task_list, newest 50": page("task_list", "order by v.created_at desc limit 50"),
    "task_list, failed": page("task_list", "where v.status = 'failed' order by v.created_at desc limit 50"),
    "task_list of a project": page("task_list", "where v.project_id = 2 order by v.created_at desc limit 50"),
    "my pull requests, newest 50": call("list_pull_requests()"),
    "my task_completion_weekly": explained(page("task_completion_weekly"), CURRENT),
    "my task_errors_weekly": explained(page("task_errors_weekly"), CURRENT),
    "my user_activity_weekly": explained(page("user_activity_weekly"), CURRENT),
    "my pull_requests_weekly": explained(page("pull_requests_weekly"), CURRENT),
  }),
  ...read("agents", "admin", {
    "task_completion_weekly of everybody": explained(page("task_completion_weekly"), CURRENT),
    "task_errors_weekly of everybody": explained(page("task_errors_weekly"), CURRENT),
    "user_activity_weekly of everybody, latest 50": explained(
      page("user_activity_weekly", "order by v.week desc limit 50"),
      CURRENT,
    ),
    "pull_requests_weekly of everybody": explained(page("pull_requests_weekly"), CURRENT),
  }),
];
