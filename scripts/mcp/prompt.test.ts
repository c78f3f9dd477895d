import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { openPrompt } from "./prompt.ts";

function setUp(isTTY: boolean) {
  const input = Object.assign(new PassThrough(), { isTTY, setRawMode: () => input });
  const output = new PassThrough();
  let shown = "";
  output.setEncoding("utf8").on("data", (text: string) => shown += text);
  return { input, prompt: openPrompt(input, output), shown: () => shown };
}

test("a terminal shows what is typed, but not a secret", async () => {
  const { input, prompt, shown } = setUp(true);
  const email = prompt.ask("E-mail address: ");
  input.write("ana@example.org\r");
  expect(await email).toBe("ana@example.org");
  const password = prompt.ask("Password: ", "secret");
  input.write("not-for-the-screen\r");
  expect(await password).toBe("not-for-the-screen");
  prompt.close();
  expect(shown()).toContain("ana@example.org");
  expect(shown()).toContain("Password: ");
  expect(shown()).not.toContain("not-for-the-screen");
});

test("a pipe sends a line per question, and its end is an error", async () => {
  const { input, prompt } = setUp(false);
  input.end("ana@example.org\n");
  expect(await prompt.ask("E-mail address: ")).toBe("ana@example.org");
  await expect(prompt.ask("Password: ", "secret")).rejects.toThrow("Password is missing.");
  prompt.close();
});
