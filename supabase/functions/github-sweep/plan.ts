import { z } from "zod";

const readerSchema = z.object({
  user_id: z.guid(),
  secret_id: z.guid(),
  sealed: z.string(),
  is_unverified: z.boolean(),
});

const pullSchema = z.object({
  pull_request_id: z.number(),
  /** GitHub's id of the repository; null until GitHub has reported it. */
  github_id: z.number().int().nullable(),
  repo_owner: z.string(),
  repo_name: z.string(),
  number: z.number().int(),
  is_private: z.boolean().nullable(),
  etag: z.string().nullable(),
  readers: z.array(readerSchema),
});

const branchSchema = readerSchema.omit({ is_unverified: true }).extend({
  task_id: z.number(),
  github_id: z.number().int().nullable(),
  repo_owner: z.string(),
  repo_name: z.string(),
  head_ref: z.string(),
});

const projectSchema = readerSchema.omit({ is_unverified: true }).extend({
  project_id: z.number(),
  github_id: z.number().int().nullable(),
  repo_owner: z.string(),
  repo_name: z.string(),
});

const repositorySchema = readerSchema.omit({ is_unverified: true }).extend({
  repository_id: z.number(),
  github_id: z.number().int().nullable(),
  repo_owner: z.string(),
  repo_name: z.string(),
  etag: z.string().nullable(),
});

/** What `begin_github_sweep` returns. */
export const planSchema = z.object({
  paused_until: z.string().nullable(),
  projects: z.array(projectSchema),
  repositories: z.array(repositorySchema),
  pull_requests: z.array(pullSchema),
  branches: z.array(branchSchema),
});

/** A user, with the encrypted token that may be used for what the user may see. */
export type Reader = Omit<z.infer<typeof readerSchema>, "is_unverified">;
export type DuePull = z.infer<typeof pullSchema>;
export type DueProject = z.infer<typeof projectSchema>;
export type DueRepository = z.infer<typeof repositorySchema>;
export type DueBranch = z.infer<typeof branchSchema>;
export type Plan = z.infer<typeof planSchema>;
