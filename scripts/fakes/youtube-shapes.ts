import type { FakeChannel, FakeVideo } from "./google-state.ts";

// JSON as the YouTube Data API v3 sends it. Counts are text: they are 64-bit numbers.

const time = (at: Date): string => at.toISOString().replace(/\.\d+Z$/, "Z");

const thumbnails = (of: string) =>
  Object.fromEntries(
    ([["default", 120, 90], ["medium", 320, 180], ["high", 480, 360]] as const).map((
      [size, width, height],
    ) => [size, { url: `https://i.ytimg.com/vi/${of}/${size}.jpg`, width, height }]),
  );

/** Only the parts that were asked for. */
const withParts = (parts: readonly string[], of: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(of).filter(([part]) => parts.includes(part)));

export const channelJson = (channel: FakeChannel, etag: string, parts: readonly string[]) => ({
  kind: "youtube#channel",
  etag,
  id: channel.id,
  ...withParts(parts, {
    snippet: {
      title: channel.title,
      description: "",
      customUrl: channel.handle,
      publishedAt: time(channel.publishedAt),
      thumbnails: thumbnails(channel.id),
      localized: { title: channel.title, description: "" },
    },
    contentDetails: { relatedPlaylists: { likes: "LL", uploads: uploadsId(channel) } },
    statistics: {
      viewCount: String(channel.views),
      ...(channel.hidesSubscribers ? {} : { subscriberCount: String(channel.subscribers) }),
      hiddenSubscriberCount: channel.hidesSubscribers,
      videoCount: String(channel.videos.filter(({ privacy }) => privacy === "public").length),
    },
  }),
});

/** The playlist with a channel's videos. */
export const uploadsId = ({ id }: FakeChannel): string => id.replace(/^UC/, "UU");

export const playlistItemJson = (
  channel: FakeChannel,
  video: FakeVideo,
  position: number,
  etag: string,
  parts: readonly string[],
) => ({
  kind: "youtube#playlistItem",
  etag,
  id: Buffer.from(`${uploadsId(channel)}.${video.id}`).toString("base64url"),
  ...withParts(parts, {
    snippet: {
      publishedAt: time(video.publishedAt),
      channelId: channel.id,
      title: video.title,
      description: video.description,
      thumbnails: thumbnails(video.id),
      channelTitle: channel.title,
      playlistId: uploadsId(channel),
      position,
      resourceId: { kind: "youtube#video", videoId: video.id },
      videoOwnerChannelTitle: channel.title,
      videoOwnerChannelId: channel.id,
    },
    contentDetails: { videoId: video.id, videoPublishedAt: time(video.publishedAt) },
    status: { privacyStatus: video.privacy },
  }),
});

export const videoJson = (
  channel: FakeChannel,
  video: FakeVideo,
  etag: string,
  parts: readonly string[],
) => ({
  kind: "youtube#video",
  etag,
  id: video.id,
  ...withParts(parts, {
    snippet: {
      publishedAt: time(video.publishedAt),
      channelId: channel.id,
      title: video.title,
      description: video.description,
      thumbnails: thumbnails(video.id),
      channelTitle: channel.title,
      categoryId: "28",
      liveBroadcastContent: "none",
      localized: { title: video.title, description: video.description },
    },
    contentDetails: {
      duration: video.duration,
      dimension: "2d",
      definition: "hd",
      caption: "false",
      licensedContent: false,
      contentRating: {},
      projection: "rectangular",
    },
    status: {
      uploadStatus: "processed",
      privacyStatus: video.privacy,
      license: "youtube",
      embeddable: true,
      publicStatsViewable: true,
      madeForKids: false,
    },
    statistics: {
      viewCount: String(video.views),
      ...(video.likes === null ? {} : { likeCount: String(video.likes) }),
      favoriteCount: "0",
      ...(video.comments === null ? {} : { commentCount: String(video.comments) }),
    },
  }),
});
