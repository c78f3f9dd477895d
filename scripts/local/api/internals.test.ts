import { createPostgresConnection, PostgresConnection } from "@supabase/lite/postgres";
import { describe, expect, test } from "vitest";
import { loadConfig } from "../config.ts";
import { assertInternals } from "./internals.ts";
import { createApi } from "./server.ts";

// Nothing here connects to a database: the server behind this URL does not exist.
const URL = "postgres://nobody@127.0.0.1:1/none";

describe("assertInternals", () => {
  test("accepts a connection of the pinned version", () => {
    expect(() => assertInternals(createPostgresConnection({ url: URL }))).not.toThrow();
  });

  test.each(["driver", "kysely", "rlsState", "introspect", "onPostgrestAST", "withContext"])(
    "names the pinned version when %s is missing",
    (field) => {
      const connection = createPostgresConnection({ url: URL });
      Object.defineProperty(connection, field, { value: undefined });
      expect(() => assertInternals(connection)).toThrow(
        new RegExp(`@supabase/lite \\d+\\.\\d+\\.\\d+: .* has changed ${field}\\.`),
      );
    },
  );

  test("names every field", () => {
    expect(() => assertInternals({})).toThrow(
      "driver, kysely, rlsState, introspect, onPostgrestAST, withContext",
    );
  });
});

test("the API does not open over a connection without them", async () => {
  const prototype: object = PostgresConnection.prototype;
  Object.defineProperty(prototype, "withContext", { value: undefined, configurable: true });
  try {
    await expect(createApi(URL, loadConfig())).rejects.toThrow(/@supabase\/lite .* withContext\./);
  } finally {
    Reflect.deleteProperty(prototype, "withContext");
  }
});
