import { z } from "zod";
import type { RunContext } from "./context.ts";
import { type AskYoutube, askYoutube, type YoutubeOptions } from "./youtube.ts";
import { readVideo, type Video, videoId } from "./youtube-video.ts";
import { SyncStop } from "./stop.ts";
import { MAX_COUNT, objectOf, textOf, ValueReader } from "./values.ts";

/** The most ids, and items, that a call may have. */
const PAGE = 50;
/** After that the list of videos is read again, also when their number is the same. */
const LIST_MS = 24 * 3_600_000;

const cursorSchema = z.object({
  /** How many public videos there were when they were listed. */
  video_count: z.int().nullable().catch(null),
  listed_at: z.string().nullable().catch(null),
}).loose();

const storedSchema = z.object({ removed: z.number(), is_suspect: z.boolean() });

interface Channel {
  subscribers: number | null;
  views: number | null;
  videos: number | null;
  uploads: string | null;
}

/**
 * Reads the user's channel and its public videos: one unit for the channel, one per 50 videos for their
 * numbers, and one per 50 for the list of them, which is left out while their number is the same as when it
 * was last read, for up to a day. A video that came in the place of another one meanwhile is read by the next
 * run. Never `search.list`.
 */
export async function syncYoutube(context: RunContext, options: YoutubeOptions): Promise<void> {
  const known = context.claim.video_ids ?? [];
  const pages = Math.max(1, Math.ceil(known.length / PAGE));
  const ask = askYoutube(context, options, context.allowance("youtube", Math.min(1 + 2 * pages, PAGE)));
  const observedAt = context.now();
  const values = new ValueReader();
  const channel = await readChannel(context, ask, values);
  const found: Found = { videos: new Map(), unreadable: new Set() };
  let listed: VideoList | null = null;
  let failure: unknown = null;
  try {
    listed = await readVideos(context, ask, channel, values, found);
  } catch (error) {
    // what came before it is stored all the same
    failure = error;
  }
  context.count("invalid_values", values.invalid);
  const { uploads: _, ...numbers } = channel;
  const stored = storedSchema.parse(
    await context.store("record_youtube_channel", {
      observed_at: observedAt.toISOString(),
      channel: numbers,
      videos: [...found.videos.values()],
      ...(listed?.ids ? { listed_ids: listed.ids } : {}),
      ...(listed === null ? {} : {
        cursor: {
          ...context.claim.cursor,
          video_count: channel.videos,
          listed_at: listed.hasMore ? null : observedAt.toISOString(),
        },
      }),
    }),
  );
  context.count("videos", found.videos.size);
  context.count("removed", stored.removed);
  if (stored.is_suspect) context.note("devpulse_list_invalid");
  if (found.unreadable.size > 0) context.note("devpulse_answer_invalid");
  if (failure !== null) throw failure;
}

async function readChannel(context: RunContext, ask: AskYoutube, values: ValueReader): Promise<Channel> {
  const list = await ask("channels", { part: "id,snippet,contentDetails,statistics", mine: "true" });
  const channel = objectOf(list?.items[0]);
  if (!channel) throw new SyncStop({ code: "devpulse_channel_unknown", kind: "failed", isCounted: true });
  if (channel.id !== context.claim.platform_user_id) {
    throw new SyncStop({ code: "devpulse_account_conflict", kind: "failed", isCounted: true });
  }
  context.accountName = textOf(objectOf(channel.snippet)?.title, 200);
  const statistics = objectOf(channel.statistics) ?? {};
  const uploads = objectOf(objectOf(channel.contentDetails)?.relatedPlaylists)?.uploads;
  return {
    subscribers: statistics.hiddenSubscriberCount === true
      ? null
      : values.count(statistics.subscriberCount, MAX_COUNT),
    views: values.count(statistics.viewCount, MAX_COUNT),
    videos: values.count(statistics.videoCount),
    uploads: typeof uploads === "string" && uploads !== "" ? uploads : null,
  };
}

/** What there is, as far as it was found out to its end. */
interface VideoList {
  /** Null: the list was not read. */
  ids: string[] | null;
  /** Whether there are others, which the next run reads. */
  hasMore: boolean;
}

interface Found {
  videos: Map<string, Video>;
  /** The ids of items that could not be read; null for one without an id. */
  unreadable: Set<string | null>;
}

const isFound = ({ videos, unreadable }: Found, id: string): boolean => videos.has(id) || unreadable.has(id);

/** Reads the numbers of the videos. Returns null where there is nothing new. */
async function readVideos(
  context: RunContext,
  ask: AskYoutube,
  channel: Channel,
  values: ValueReader,
  found: Found,
): Promise<VideoList | null> {
  const { claim } = context;
  const known = claim.video_ids ?? [];
  const cursor = cursorSchema.parse({ video_count: null, listed_at: null, ...claim.cursor });
  const age = context.now().getTime() - Date.parse(cursor.listed_at ?? "");
  const isListKept = known.length > 0 && channel.videos !== null && cursor.video_count === channel.videos &&
    age < LIST_MS;
  if (isListKept) {
    await readNumbers(context, ask, known, values, found);
    // one that is gone or private, although their number is the same: the list says what came in its stead
    if (known.every((id) => isFound(found, id))) return null;
    // a list that has none of them is believed by those that it has, which the next run reads
    if (found.videos.size === 0) return { ids: null, hasMore: true };
  }
  const list = await readList(context, ask, channel);
  // their numbers, a second time, would cost more than there is for a run
  if (!isListKept) await readNumbers(context, ask, list.ids, values, found);
  for (const id of [...found.videos.keys()]) if (!list.ids.includes(id)) found.videos.delete(id);
  if (!list.isComplete || found.unreadable.has(null)) {
    throw new SyncStop({ code: "devpulse_answer_invalid", kind: "problem" });
  }
  return {
    ids: list.ids.filter((id) => isFound(found, id)),
    hasMore: found.unreadable.size > 0 || isListKept && list.ids.some((id) => !isFound(found, id)),
  };
}

/** Reads the ids of the channel's public videos, the newest first. */
async function readList(
  context: RunContext,
  ask: AskYoutube,
  channel: Channel,
): Promise<{ ids: string[]; isComplete: boolean }> {
  const { resources_limit: limit } = context.claim;
  const ids = new Set<string>();
  if (channel.videos === 0) return { ids: [], isComplete: true };
  if (channel.uploads === null) return { ids: [], isComplete: false };
  let pageToken: string | null = null;
  let isComplete = true;
  for (let read = 0; read < limit; read += PAGE) {
    const page = await ask("playlistItems", {
      part: "contentDetails,status",
      playlistId: channel.uploads,
      maxResults: String(PAGE),
      ...(pageToken === null ? {} : { pageToken }),
    });
    // the playlist of a channel without any video does not exist: here there are some
    if (page === null) return { ids: [], isComplete: false };
    const before = ids.size;
    for (const item of page.items) {
      const id = publicId(item);
      if (id === undefined) isComplete = false;
      else if (id !== null) ids.add(id);
    }
    if (page.items.length > 0 && ids.size === before && page.nextPageToken === pageToken) isComplete = false;
    if (page.nextPageToken === null || page.nextPageToken === pageToken) break;
    pageToken = page.nextPageToken;
    if (read + PAGE >= limit) context.count("left_out", Math.max((page.totalResults ?? 0) - limit, 1));
  }
  return { ids: [...ids].slice(0, limit), isComplete };
}

/** The id of an item of a playlist; null for a video that is not public, undefined where it can't be read. */
function publicId(item: unknown): string | null | undefined {
  const json = objectOf(item);
  const id = objectOf(json?.contentDetails)?.videoId;
  const privacy = objectOf(json?.status)?.privacyStatus;
  if (typeof id !== "string" || !/^[\w-]{1,50}$/.test(id)) return undefined;
  return privacy === "public" ? id : typeof privacy === "string" ? null : undefined;
}

async function readNumbers(
  context: RunContext,
  ask: AskYoutube,
  ids: readonly string[],
  values: ValueReader,
  { videos, unreadable }: Found,
): Promise<void> {
  for (let from = 0; from < ids.length; from += PAGE) {
    const page = await ask("videos", {
      part: "snippet,contentDetails,statistics,status",
      id: ids.slice(from, from + PAGE).join(","),
    });
    for (const item of page?.items ?? []) {
      const video = readVideo(item, values);
      if (video === null) {
        context.count("unreadable");
        unreadable.add(videoId(item));
      } else if (video.isPublic) videos.set(video.row.youtube_video_id, video.row);
    }
  }
}
