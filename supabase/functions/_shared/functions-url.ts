/**
 * The base of the functions as browsers and providers see it, without a slash at the end.
 *
 * @param env `PUBLIC_URL` is for a domain of one's own, and where the platform's variable is an address inside of its
 * network
 */
export function functionsUrlOf(env: (name: string) => string | undefined): string {
  const project = env("PUBLIC_URL") || env("SUPABASE_PUBLIC_URL") || env("SUPABASE_URL") || "";
  return `${project.replace(/\/+$/, "")}/functions/v1`;
}
