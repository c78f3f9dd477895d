import { durationOf, MAX_COUNT, objectOf, textOf, type ValueReader } from "./values.ts";

/** A row of `youtube_videos`; null for a number that is hidden, or not valid. */
export interface Video {
  youtube_video_id: string;
  title: string;
  description: string | null;
  thumbnail_url: string | null;
  duration_seconds: number | null;
  view_count: number | null;
  like_count: number | null;
  comment_count: number | null;
  published_at: string;
}

/** The id of an item of `videos`; null where it has none. */
export const videoId = (item: unknown): string | null => textOf(objectOf(item)?.id, 50);

/** Reads a video of the YouTube Data API; null where it lacks what identifies it, or who may see it. */
export function readVideo(item: unknown, values: ValueReader): { row: Video; isPublic: boolean } | null {
  const json = objectOf(item) ?? {};
  const snippet = objectOf(json.snippet) ?? {};
  const statistics = objectOf(json.statistics) ?? {};
  const id = videoId(item);
  const publishedAt = values.time(snippet.publishedAt);
  const privacy = textOf(objectOf(json.status)?.privacyStatus, 50);
  if (id === null || publishedAt === null || privacy === null) return null;
  return {
    isPublic: privacy === "public",
    row: {
      youtube_video_id: id,
      title: textOf(snippet.title, 500) ?? id,
      description: textOf(snippet.description, 5000),
      thumbnail_url: thumbnailOf(snippet.thumbnails),
      duration_seconds: durationOf(objectOf(json.contentDetails)?.duration),
      view_count: values.count(statistics.viewCount, MAX_COUNT),
      like_count: values.count(statistics.likeCount),
      comment_count: values.count(statistics.commentCount),
      published_at: publishedAt,
    },
  };
}

function thumbnailOf(value: unknown): string | null {
  const thumbnails = objectOf(value) ?? {};
  for (const size of ["medium", "high", "default"]) {
    const url = textOf(objectOf(thumbnails[size])?.url, 2048);
    if (url !== null && /^https?:\/\//.test(url)) return url;
  }
  return null;
}
