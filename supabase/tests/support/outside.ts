import { type FakeGithub, startFakeGithub } from "../../../scripts/fakes/github.ts";
import { type Community, startCommunity } from "./circle.ts";

// What the loop talks to: a community at Circle, and a repository at GitHub.

export const REPO = { owner: "acme", name: "csv-tools" } as const;

export interface Outside {
  community: Community;
  github: FakeGithub;
  /** The environment of the functions. */
  env: Record<string, string>;
  stop(): Promise<void>;
}

export async function startOutside(): Promise<Outside> {
  const community = await startCommunity();
  const github = await startFakeGithub();
  github.state.addRepo({ ...REPO });
  return {
    community,
    github,
    env: {
      ...community.env,
      GITHUB_API_URL: github.url,
      GITHUB_WEBHOOK_SECRETS: github.state.webhookSecret,
    },
    async stop() {
      await community.fake.stop();
      await github.stop();
    },
  };
}
