import { randomUUID } from "node:crypto";
import { createClient } from "@supabase/supabase-js";
import { expect } from "vitest";
import type { Project } from "../../../scripts/local/stack.ts";

// Auth as an app calls it.

export const PASSWORD = "correct horse battery";

export const newEmail = (): string => `${randomUUID()}@example.com`;

/** Makes clients that each remember their session, as those of a browser do. */
export const clientsOf =
  (project: Pick<Project, "url" | "publishableKey">) => (auth: { flowType?: "pkce" } = {}) => {
    const stored = new Map<string, string>();
    const storage = {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => void stored.set(key, value),
      removeItem: (key: string) => void stored.delete(key),
    };
    return createClient(project.url, project.publishableKey, {
      auth: { persistSession: true, autoRefreshToken: false, detectSessionInUrl: false, storage, ...auth },
    });
  };

/** Where a link leads. */
export async function follow(link: string | undefined): Promise<URL> {
  const response = await fetch(link ?? "", { redirect: "manual" });
  expect(response.status).toBe(303);
  return new URL(response.headers.get("location") ?? "");
}

export const fragment = (url: URL) => Object.fromEntries(new URLSearchParams(url.hash.slice(1)));
