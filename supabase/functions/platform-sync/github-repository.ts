import { objectOf, textOf, type ValueReader } from "./values.ts";

/** A row of `github_repositories`; null for a number that is not valid. */
export interface Repository {
  github_repo_id: number;
  name: string;
  full_name: string;
  description: string | null;
  language: string | null;
  stars_count: number | null;
  forks_count: number | null;
  watchers_count: number | null;
  open_issues_count: number | null;
  is_private: boolean;
  is_fork: boolean;
  default_branch: string;
  html_url: string;
  created_at: string;
  updated_at: string;
}

/** Reads a repository of GitHub's REST API; null where it lacks what identifies it. */
export function readRepository(
  item: unknown,
  values: ValueReader,
): { row: Repository; ownerId: number | null; ownerName: string | null } | null {
  const json = objectOf(item) ?? {};
  const id = values.id(json.id);
  const name = textOf(json.name, 200);
  const fullName = textOf(json.full_name, 400);
  const createdAt = values.time(json.created_at);
  if (id === null || name === null || fullName === null || createdAt === null) return null;
  const owner = objectOf(json.owner);
  return {
    ownerId: owner ? values.id(owner.id) : null,
    ownerName: textOf(owner?.login, 200),
    row: {
      github_repo_id: id,
      name,
      full_name: fullName,
      description: textOf(json.description, 1000),
      language: textOf(json.language, 100),
      stars_count: required(json.stargazers_count, values),
      forks_count: required(json.forks_count, values),
      watchers_count: required(json.watchers_count, values),
      open_issues_count: required(json.open_issues_count, values),
      // what is not known to be public is private
      is_private: json.private !== false,
      is_fork: json.fork === true,
      default_branch: textOf(json.default_branch, 300) ?? "main",
      html_url: textOf(json.html_url, 2048) ?? "",
      created_at: createdAt,
      updated_at: values.time(json.updated_at) ?? createdAt,
    },
  };
}

/** A count that GitHub always sends: one that is missing is not valid. */
function required(value: unknown, values: ValueReader): number | null {
  const count = values.count(value);
  if (count === null && (value === undefined || value === null || value === "")) values.invalid++;
  return count;
}
