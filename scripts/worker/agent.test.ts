import { expect, test } from "vitest";
import { promptOf } from "./agent.ts";
import type { ChatMessage } from "./queue.ts";

test("a single message is the prompt, a conversation has roles, and messages without a text are left out", () => {
  const asked = { role: "user", content: "Fix the export." };
  const answered = { role: "assistant", content: "Which one?" };
  const odd = [null, 5, { role: "user" }] as unknown as ChatMessage[];
  expect(promptOf([])).toBe("");
  expect(promptOf([asked])).toBe("Fix the export.\n");
  expect(promptOf([asked, answered])).toBe("## user\n\nFix the export.\n\n## assistant\n\nWhich one?\n");
  expect(promptOf([...odd, asked])).toBe("Fix the export.\n");
  expect(promptOf(odd)).toBe("");
});
