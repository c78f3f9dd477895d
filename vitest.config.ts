import { defineConfig } from "vitest/config";

// One cluster for the whole run (supabase/tests/support/global-setup.ts); a database of its own for each file that writes.
export default defineConfig({
  test: {
    globalSetup: ["supabase/tests/support/global-setup.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["scripts/**/*.test.ts", "supabase/functions/**/*.test.ts"],
        },
      },
      { extends: true, test: { name: "database", include: ["supabase/tests/database/*.test.ts"] } },
      { extends: true, test: { name: "api", include: ["supabase/tests/api/**/*.test.ts"] } },
      { extends: true, test: { name: "concurrency", include: ["supabase/tests/concurrency/**/*.test.ts"] } },
    ],
  },
});
