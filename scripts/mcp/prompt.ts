import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { UserError } from "../local/user-error.ts";

export interface Prompt {
  /** Asks for one line; what is typed is not shown if it is secret. */
  ask(question: string, kind?: "shown" | "secret"): Promise<string>;
  close(): void;
}

/** Asks on standard error and reads lines of standard input, which may be a terminal or a pipe. */
export function openPrompt(
  input: NodeJS.ReadableStream & { isTTY?: boolean } = process.stdin,
  output: NodeJS.WritableStream = process.stderr,
): Prompt {
  let isSecret = false;
  const echo = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      if (!isSecret) output.write(chunk);
      done();
    },
  });
  const reader = createInterface({ input, output: echo, terminal: input.isTTY === true });
  const lines = reader[Symbol.asyncIterator]();
  return {
    async ask(question, kind = "shown") {
      output.write(question);
      isSecret = kind === "secret";
      const { value, done } = await lines.next();
      if (isSecret) output.write("\n");
      isSecret = false;
      const answer = done ? "" : value.trim();
      if (answer) return answer;
      throw new UserError(
        `${question.replace(/:?\s*$/, "")} is missing.`,
        "Type it, or send it on standard input.",
      );
    },
    close: () => reader.close(),
  };
}
