import type { Sql } from "postgres";
import { afterAll, afterEach, beforeEach } from "vitest";
import {
  type FakeCircle,
  type FakeMember,
  type FakeSpace,
  startFakeCircle,
} from "../../../scripts/fakes/circle.ts";
import type { Project } from "../../../scripts/local/stack.ts";
import { connect, openTestProject, type TestProject } from "./database.ts";
import { runFunction } from "./functions.ts";

const KEY = `k1:${Buffer.alloc(32, 9).toString("base64")}`;

export interface Community {
  fake: FakeCircle;
  bot: FakeMember;
  ana: FakeMember;
  lee: FakeMember;
  /** A chat space, which circle_spaces has a row of. */
  help: FakeSpace;
  /** The environment of the functions. */
  env: Record<string, string>;
}

/** Starts a fake of Circle with a bot, two members and a chat space. */
export async function startCommunity(now: () => Date = () => new Date()): Promise<Community> {
  const fake = await startFakeCircle({ now });
  const { state } = fake;
  return {
    fake,
    bot: state.addMember("Fix Bot"),
    ana: state.addMember("Ana Ruiz"),
    lee: state.addMember("Lee Park"),
    help: state.addSpace("Help chat", "chat"),
    env: {
      CIRCLE_API_URL: fake.url,
      CIRCLE_HEADLESS_TOKEN: "headless-auth-token",
      CIRCLE_ADMIN_TOKEN: "admin-v2-token",
      SECRETS_MASTER_KEYS: KEY,
    },
  };
}

/** Has circle-sync read the community as its bot. Calls have no slots to wait for. */
export async function setUpSync(sql: Sql, { bot, help }: Community): Promise<void> {
  await sql`update public.circle_sync_settings set bot_email = ${bot.email}, page_size = 5`;
  await sql`update private.provider_budgets set spacing_ms = 1 where provider = 'circle'`;
  await sql`
    insert into public.circle_spaces (space_id, space_name, chat_room_uuid)
    values (${help.id}, ${help.name}, ${help.roomUuid})
  `;
}

export interface SyncReport {
  claimed: number;
  done: number;
  more: number;
  deferred: number;
  failed: number;
  lost: number;
  changed: number;
  removed: number;
  rooms: number;
  requests: number;
  stopped: string | null;
}

/** Calls the function, as a server. */
export const syncCircle = (project: Pick<Project, "url" | "secretKey">): Promise<SyncReport> =>
  runFunction<SyncReport>(project, "circle-sync");

/** Everything is due, and the window too. */
export async function makeCircleDue(sql: Sql): Promise<void> {
  await sql`
    update private.circle_reads set next_read_at = now(), cursor = case
      when cursor ? 'scanned_at' then cursor || '{"scanned_at": "2020-01-01T00:00:00Z"}' else cursor end
  `;
}

export interface CircleStage {
  community: Community;
  project: TestProject;
  sql: Sql;
  /** A run of the function. */
  sync(): Promise<SyncReport>;
  /** A run after everything has become due. */
  again(): Promise<SyncReport>;
}

/** A project that reads a community, for a test file; each test begins with nothing written there, and nothing imported. */
export async function useCircle(log: (name: string, line: string) => void): Promise<CircleStage> {
  const community = await startCommunity();
  const project = await openTestProject({ functions: { env: community.env, log } });
  const sql = connect(project.database);
  await setUpSync(sql, community);
  beforeEach(async () => {
    const { state } = community.fake;
    for (const list of [state.faults, state.requests, state.mishaps, state.posts, state.comments]) {
      list.length = 0;
    }
    for (const room of state.spaces) state.roomOf(room.roomUuid ?? "").length = 0;
    await makeCircleDue(sql);
  });
  afterEach(async () => {
    await sql`delete from public.issues`;
    await sql`delete from public.circle_issues`;
    await sql`delete from private.inbox_events`;
    await sql`delete from private.circle_seen_messages`;
    await sql`delete from private.provider_pauses`;
    await sql`
      update private.circle_reads set cursor = '{}', attempts_count = 0, error = null, lease_expires_at = null
    `;
  });
  afterAll(async () => {
    await sql.end();
    await project.close();
    await community.fake.stop();
  });
  const sync = () => syncCircle(project);
  return {
    community,
    project,
    sql,
    sync,
    again: async () => {
      await makeCircleDue(sql);
      return await sync();
    },
  };
}
