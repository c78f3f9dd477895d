import { describe, expect, test } from "vitest";
import { assertInternals } from "./internals.ts";
import { createPostgresConnection } from "../postgres-driver.ts";

// Nothing here connects to a database: the server behind this URL does not exist.
const URL = "postgres://nobody@127.0.0.1:1/none";

describe("assertInternals", () => {
  test("accepts a connection of the pinned version", () => {
    expect(() => assertInternals(createPostgresConnection({ url: URL }))).not.toThrow();
  });

  test.each(["driver", "rlsState"])(
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
    expect(() => assertInternals({})).toThrow("driver, rlsState");
  });
});
