import type { Fault } from "./faults.ts";

/** An account at Dev.to. */
export interface FakeDevtoUser {
  id: number;
  username: string;
  name: string;
  apiKey: string;
  /** In the order of publication, the oldest first. */
  articles: FakeArticle[];
}

export interface FakeArticle {
  id: number;
  title: string;
  description: string;
  isPublished: boolean;
  publishedAt: Date;
  views: number;
  reactions: number;
  comments: number;
  tags: string[];
  readingTimeMinutes: number;
  body: string;
}

export interface SeenDevtoRequest {
  method: string;
  /** With its query. */
  path: string;
  username: string | null;
  status: number;
  at: Date;
}

export type DevtoState = ReturnType<typeof createDevtoState>;

/** The state of the fake: accounts with their API keys, and articles. */
export function createDevtoState(now: () => Date) {
  const users: FakeDevtoUser[] = [];
  const faults: Fault[] = [];
  const requests: SeenDevtoRequest[] = [];
  /** Requests per second and address; null for any number. */
  const limit: { perSecond: number | null } = { perSecond: 3 };
  let lastId = 1000;

  return {
    users,
    faults,
    /** Every request, the oldest first. */
    requests,
    limit,
    now,
    userOf: (apiKey: string | undefined): FakeDevtoUser | undefined =>
      users.find((one) => one.apiKey === apiKey),

    addUser({ username, apiKey, name = username }: {
      username: string;
      apiKey: string;
      name?: string;
    }): FakeDevtoUser {
      const user: FakeDevtoUser = { id: ++lastId, username, name, apiKey, articles: [] };
      users.push(user);
      return user;
    },

    /** Adds an article, as the newest one. */
    addArticle(user: FakeDevtoUser, { title, ...article }: Partial<FakeArticle> & { title: string }) {
      const added: FakeArticle = {
        id: ++lastId,
        title,
        description: `About ${title}`,
        isPublished: true,
        publishedAt: now(),
        views: 0,
        reactions: 0,
        comments: 0,
        tags: ["webdev"],
        readingTimeMinutes: 3,
        body: `# ${title}\n\nText.`,
        ...article,
      };
      user.articles.push(added);
      return added;
    },
  };
}
