import type { MediaHandler } from "./catalog.ts";
import { ApiError } from "./errors.ts";
import type { Name } from "./sql.ts";

/** How a response's body is made. */
export interface Media {
  kind: "json" | "object" | "csv" | "custom";
  stripsNulls: boolean;
  /** The value of `Content-Type`. */
  contentType: string;
  handler?: MediaHandler;
}

const withCharset = (type: string): string => `${type}; charset=utf-8`;

/**
 * Chooses the first media type of `Accept` that there is.
 *
 * @param target the table or function, for handlers of its own
 * @param isWhole whether all columns are selected: only then a handler applies
 */
export function negotiate(headers: Headers, handlers: MediaHandler[], target: Name, isWhole: boolean): Media {
  const accepted = (headers.get("accept") ?? "*/*").split(",").map(parseEntry).filter(({ entry }) => entry);
  // in the order of their quality, the given one among equals
  const ranked = accepted.toSorted((a, b) => b.quality - a.quality);
  for (const { entry } of ranked) {
    const media = choose(entry, handlers, target, isWhole);
    if (media) return media;
  }
  throw new ApiError(406, {
    code: "PGRST107",
    message: `None of these media types are available: ${ranked.map(({ entry }) => entry).join(", ")}`,
  });
}

function parseEntry(text: string): { entry: string; quality: number } {
  const parts = text.split(";").map((part) => part.trim());
  const quality = Number(parts.find((part) => part.startsWith("q="))?.slice(2) ?? 1);
  return {
    entry: parts.filter((part) => !part.startsWith("q=")).join(";"),
    quality: Number.isNaN(quality) ? 1 : quality,
  };
}

function choose(
  entry: string,
  handlers: MediaHandler[],
  target: Name,
  isWhole: boolean,
): Media | undefined {
  const [type = "", ...options] = entry.toLowerCase().split(";");
  const stripsNulls = options.includes("nulls=stripped");
  if (/^application\/vnd\.pgrst\.object(\+json)?$/.test(type)) {
    const name = `application/vnd.pgrst.object+json${stripsNulls ? ";nulls=stripped" : ""}`;
    return { kind: "object", stripsNulls, contentType: withCharset(name) };
  }
  if (/^application\/vnd\.pgrst\.array(\+json)?$/.test(type) && stripsNulls) {
    const name = "application/vnd.pgrst.array+json;nulls=stripped";
    return { kind: "json", stripsNulls, contentType: withCharset(name) };
  }
  const wanted = /^application\/vnd\.pgrst\.array(\+json)?$/.test(type) ? "application/json" : type;
  const isFor = (each: MediaHandler): boolean =>
    each.target?.schema === target.schema && each.target.name === target.name;
  const handler = (isWhole
    ? handlers.find((each) => isFor(each) && each.accepted === "*/*") ??
      handlers.find((each) => isFor(each) && each.accepted === wanted)
    : undefined) ?? handlers.find((each) => !each.target && each.accepted === wanted);
  if (handler) {
    const hasCharset = ["text/plain", "text/csv", "text/xml", "application/json"].includes(
      handler.contentType,
    );
    const contentType = hasCharset ? withCharset(handler.contentType) : handler.contentType;
    return { kind: "custom", stripsNulls: false, contentType, handler };
  }
  if (wanted === "application/json" || wanted === "*/*") {
    return { kind: "json", stripsNulls: false, contentType: withCharset("application/json") };
  }
  if (wanted === "text/csv") return { kind: "csv", stripsNulls: false, contentType: withCharset("text/csv") };
  return undefined;
}
