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

/** Reads a video of the YouTube Data API; null where it lacks what identifies it. */
export function readVideo(item: unknown, values: ValueReader): { row: Video; isPublic: boolean } | null {
  const json = objectOf(item) ?? {};
  const snippet = objectOf(json.snippet) ?? {};
  const statistics = objectOf(json.statistics) ?? {};
  const id = textOf(json.id, 50);
  const publishedAt = values.time(snippet.publishedAt);
  if (id === null || publishedAt === null) return null;
  return {
    isPublic: objectOf(json.status)?.privacyStatus === "public",
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
