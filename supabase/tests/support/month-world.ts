import type { FakeChannel } from "../../../scripts/fakes/google-state.ts";
import { type Chance, DAY_MS } from "./month-days.ts";
import { size } from "./size.ts";
import type { Account, SyncProviders } from "./sync.ts";

// What happens at the providers: numbers grow and fall, things come, go and come back.

export interface Owner {
  index: number;
  account: Account;
  /** Whether things of theirs are deleted. */
  loses: boolean;
}

const second = (at: number): Date => new Date(Math.floor(at / 1000) * 1000);

export const reposOf = ({ github }: SyncProviders, { account }: Owner) =>
  github.state.repos.filter(({ owner }) => owner === account.github.login);

/** What an account has on the first day; the first one has the most: at full size, more than a page. */
export function furnish(providers: SyncProviders, owner: Owner, at: number, chance: Chance): void {
  const isLarge = owner.index === 0;
  const many = (few: number, large: number) => isLarge ? large : few + chance.below(4);
  for (let n = many(4, size(12, 130)); n > 0; n--) addRepo(providers, owner, at - n * DAY_MS, chance);
  const { channel, devto } = owner.account;
  Object.assign(channel, { subscribers: 900 + chance.below(200), views: 20_000 + chance.below(5000) });
  for (let n = many(5, size(12, 60)); n > 0; n--) addVideo(providers, channel, at - n * DAY_MS, chance);
  // the oldest of everything stays
  if (channel.videos[0]) channel.videos[0].privacy = "public";
  for (let n = many(4, size(12, 40)); n > 0; n--) addArticle(providers, devto, at - n * DAY_MS, chance);
  for (let n = 0; n < 40; n++) contribute(owner, at - chance.below(30 * DAY_MS), chance);
}

let lastNumber = 0;

const addRepo = ({ github }: SyncProviders, { account }: Owner, at: number, chance: Chance) =>
  github.state.addRepo({
    owner: account.github.login,
    name: `repo-${++lastNumber}`,
    createdAt: second(at),
    updatedAt: second(at),
    description: chance.hits(0.5) ? `About ${lastNumber}` : null,
    language: chance.pick(["TypeScript", "Rust", null]),
    isPrivate: chance.hits(0.2),
    isFork: chance.hits(0.2),
    stars: chance.below(200),
    forks: chance.below(40),
    openIssues: chance.below(20),
  });

const addVideo = ({ google }: SyncProviders, channel: FakeChannel, at: number, chance: Chance) =>
  google.state.addVideo(channel, {
    title: `Video ${++lastNumber}`,
    publishedAt: second(at),
    views: chance.below(3000),
    likes: chance.hits(0.1) ? null : chance.below(100),
    comments: chance.hits(0.1) ? null : chance.below(30),
    privacy: chance.hits(0.05) ? "unlisted" : "public",
  });

const addArticle = ({ devto }: SyncProviders, user: Account["devto"], at: number, chance: Chance) =>
  devto.state.addArticle(user, {
    title: `Article ${++lastNumber}`,
    publishedAt: second(at),
    views: chance.below(900),
    reactions: chance.below(60),
    comments: chance.below(9),
  });

function contribute({ account }: Owner, at: number, chance: Chance): void {
  account.github.contributions.push({
    kind: chance.pick(["commit", "commit", "commit", "pull_request", "issue"]),
    at: second(at),
    repo: `${account.github.login}/${chance.pick(["one", "two", "three"])}`,
    count: 1 + chance.below(5),
  });
}

/** What happened between two times. */
export function live(providers: SyncProviders, owner: Owner, from: number, to: number, chance: Chance): void {
  liveAtGithub(providers, owner, to, chance);
  for (let n = chance.below(4); n > 0; n--) contribute(owner, from + chance.below(to - from), chance);
  // pushed late, with the time of the commit
  if (chance.hits(0.15)) contribute(owner, to - chance.below(10 * DAY_MS), chance);
  liveAtYoutube(providers, owner, to, chance);
  liveAtDevto(providers, owner, to, chance);
}

function liveAtGithub(providers: SyncProviders, owner: Owner, at: number, chance: Chance): void {
  const { state } = providers.github;
  if (chance.hits(0.2)) {
    const repo = chance.pick(reposOf(providers, owner));
    repo.stars += chance.below(15);
    repo.forks += chance.below(2);
    repo.openIssues = Math.max(0, repo.openIssues + chance.below(5) - 2);
    repo.updatedAt = second(at);
  }
  if (chance.hits(0.05)) addRepo(providers, owner, at, chance);
  const repos = reposOf(providers, owner);
  if (chance.hits(0.03)) state.moveRepo(chance.pick(repos), { name: `renamed-${++lastNumber}` });
  for (const repo of repos) repo.updatedAt = second(repo.updatedAt.getTime());
  if (owner.loses && repos.length > 3 && chance.hits(0.05)) {
    state.repos.splice(state.repos.indexOf(chance.pick(repos.slice(1))), 1);
  }
}

function liveAtYoutube(
  providers: SyncProviders,
  { account, loses }: Owner,
  at: number,
  chance: Chance,
): void {
  const { channel } = account;
  channel.views += chance.below(400);
  channel.subscribers = Math.max(0, channel.subscribers + chance.below(30) - 5);
  if (chance.hits(0.05)) channel.hidesSubscribers = !channel.hidesSubscribers;
  for (const video of channel.videos) {
    video.views += chance.below(30);
    if (chance.hits(0.02)) video.likes = video.likes === null ? chance.below(100) : null;
    else if (video.likes !== null) video.likes += chance.below(3);
    if (chance.hits(0.02)) video.comments = video.comments === null ? chance.below(9) : null;
    else if (video.comments !== null) video.comments += chance.below(2);
  }
  if (chance.hits(0.06)) addVideo(providers, channel, at, chance);
  if (!loses || channel.videos.length <= 3) return;
  const one = chance.pick(channel.videos.slice(1));
  if (chance.hits(0.06)) one.privacy = one.privacy === "public" ? "private" : "public";
  if (chance.hits(0.04)) channel.videos.splice(channel.videos.indexOf(one), 1);
  if (chance.hits(0.1)) {
    // their number stays the same
    channel.videos.splice(1 + chance.below(channel.videos.length - 1), 1);
    addVideo(providers, channel, at, chance).privacy = "public";
  }
}

function liveAtDevto(providers: SyncProviders, { account, loses }: Owner, at: number, chance: Chance): void {
  const { articles } = account.devto;
  for (const article of articles) {
    article.views += chance.below(20);
    article.reactions += chance.below(3);
    article.comments += chance.below(2);
  }
  if (chance.hits(0.06)) addArticle(providers, account.devto, at, chance);
  if (chance.hits(0.05)) chance.pick(articles).title += "!";
  if (!loses || articles.length <= 3) return;
  const one = chance.pick(articles.slice(1));
  if (chance.hits(0.06)) one.isPublished = !one.isPublished;
  else if (chance.hits(0.03)) articles.splice(articles.indexOf(one), 1);
}
