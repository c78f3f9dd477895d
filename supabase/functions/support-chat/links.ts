/** Characters that nobody sees, or that change the order of others: with them a link looks like another. */
// deno-lint-ignore no-control-regex
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;
const MARKDOWN_LINK = /!?\[([^[\]\n]{0,300})\]\(\s{0,3}<?([^\s)>]{0,2000})>?[^)\n]{0,200}\)/g;
const TAG = /<\/?[a-z!][^<>\n]{0,500}>/gi;
const ADDRESS = /\b(?:[a-z][a-z0-9+-]{0,20}:\/\/|www\.)[^\s<>"'`)\]}]+/gi;
const SCHEME = /\b(?:javascript|vbscript|data|mailto|tel|sms|file|blob):\S+/gi;
/** What many clients turn into a link though it has no scheme. */
const DOMAIN = new RegExp(
  "(?<![\\p{L}\\p{N}.-])(?:[\\p{L}\\p{N}-]{1,63}\\.){1,8}" +
    "(?:com|net|org|info|biz|io|co|app|dev|ai|xyz|top|site|online|shop|link|click|live|me|ly|gg|to|ru|cn|de|uk|eu|us|tk|" +
    "cloud|tech|store|page|website|space|fun|club|vip|icu|cyou|sbs|pw|cc|tv|ws|su|zip|mov|fr|nl|pl|br|jp|ca|au|ch|se|рф|" +
    "xn--[a-z0-9-]{2,59})" +
    "(?![\\p{L}\\p{N}])(?:[/?#:][^\\s<>\"'`)\\]}]*)?",
  "giu",
);

const trimEnd = (address: string): string => address.replace(/[.,;:!?…*_]+$/, "");

/**
 * The text of a model without links, except those to these addresses: what a visitor or a passage made it write can't lead
 * anywhere else. Markup is removed, and so are characters that nobody sees.
 */
export function stripLinks(text: string, allowed: readonly string[]): string {
  const isAllowed = (address: string): boolean => allowed.includes(trimEnd(address));
  const keepAllowed = (address: string): string => isAllowed(address) ? address : "";
  const kept: string[] = [];
  /** Puts what stays out of reach of the next step. */
  const hide = (address: string): string => {
    const end = trimEnd(address);
    kept.push(end);
    return `\u0000${kept.length - 1}\u0000${address.slice(end.length)}`;
  };
  return text.replace(INVISIBLE, "")
    .replace(
      MARKDOWN_LINK,
      (_, label: string, address: string) => isAllowed(address) ? `${label} ${address}` : label,
    )
    .replace(TAG, "")
    .replace(ADDRESS, (address) => isAllowed(address) ? hide(address) : keepAllowed(address))
    .replace(SCHEME, "")
    .replace(DOMAIN, "")
    // deno-lint-ignore no-control-regex
    .replace(/\u0000(\d+)\u0000/g, (_, at: string) => kept[Number(at)] ?? "")
    .replace(/[ \t]+(?=\n|$)/g, "").replace(/[ \t]{2,}/g, " ").trim();
}
