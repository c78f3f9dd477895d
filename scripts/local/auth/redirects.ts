import type { SupabaseConfig } from "../config.ts";

/**
 * Where a link leads in the end: the page that the client asks for, where the project allows it, else its
 * site. Allowed are pages of the site and of this machine, and the patterns of `additional_redirect_urls`, in
 * which `*` stands for anything but `/` and `.`, and `**` for anything.
 */
export function redirectTarget(asked: string | null, { auth }: Pick<SupabaseConfig, "auth">): string {
  return asked && isAllowed(asked, auth) ? asked : auth.site_url;
}

function isAllowed(asked: string, auth: SupabaseConfig["auth"]): boolean {
  if (!URL.canParse(asked)) return false;
  const { protocol, host, hostname } = new URL(asked);
  const site = new URL(auth.site_url);
  if (protocol === site.protocol && host === site.host) return true;
  if (/^https?:$/.test(protocol) && /^(127(\.\d+){3}|\[::1\])$/.test(hostname)) return true;
  const [page = ""] = asked.split("#");
  return auth.additional_redirect_urls.some((pattern) => toRegExp(pattern).test(page));
}

function toRegExp(pattern: string): RegExp {
  const source = pattern.replaceAll(
    /\*\*|\*|[^*]+/g,
    (part) => part === "**" ? ".*" : part === "*" ? "[^/.]*" : part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"),
  );
  return new RegExp(`^${source}$`);
}
