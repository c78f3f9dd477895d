import { objectOf, textOf, type ValueReader } from "./values.ts";

/** A row of `devto_articles`; null for a number that is not valid. */
export interface Article {
  devto_article_id: number;
  title: string;
  description: string | null;
  published_at: string | null;
  reading_time_minutes: number | null;
  view_count: number | null;
  reaction_count: number | null;
  comment_count: number | null;
  url: string;
  tags: string[];
}

const MAX_ID = 2_147_483_647;

/** Reads an article of Forem's API; null where it lacks what identifies it. */
export function readArticle(
  item: unknown,
  values: ValueReader,
): { row: Article; userId: number | null; userName: string | null } | null {
  const json = objectOf(item) ?? {};
  const id = values.id(json.id, MAX_ID);
  const title = textOf(json.title, 500);
  if (id === null || title === null) return null;
  const user = objectOf(json.user);
  const tags = Array.isArray(json.tag_list)
    ? json.tag_list
    : typeof json.tag_list === "string"
    ? json.tag_list.split(/,\s*/)
    : [];
  return {
    userId: user ? values.count(user.user_id) : null,
    userName: textOf(user?.username, 200),
    row: {
      devto_article_id: id,
      title,
      description: textOf(json.description, 2000),
      published_at: values.time(json.published_at),
      reading_time_minutes: values.count(json.reading_time_minutes),
      view_count: required(json.page_views_count, values),
      reaction_count: required(json.public_reactions_count ?? json.positive_reactions_count, values),
      comment_count: required(json.comments_count, values),
      url: textOf(json.url, 2048) ?? "",
      tags: tags.flatMap((tag) => textOf(tag, 100) ?? []).slice(0, 50),
    },
  };
}

/** A count that Forem always sends to the author: one that is missing is not valid. */
function required(value: unknown, values: ValueReader): number | null {
  const count = values.count(value);
  if (count === null && (value === undefined || value === null || value === "")) values.invalid++;
  return count;
}
