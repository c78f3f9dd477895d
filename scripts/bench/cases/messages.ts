import { randomBytes } from "node:crypto";
import { single } from "../../demo/messages.ts";
import { between, createRandom, createWriter } from "../words.ts";

const TYPES = ["Auth", "Code Generation", "Tool", "Misc"];

/** Requests as n8n sends them, each with a message of its own that is an issue. */
export function createMessages(count: number): string[] {
  const random = createRandom(count);
  const write = createWriter(random);
  // ids that no other call has given out
  const first = Number(BigInt(`0x${randomBytes(5).toString("hex")}`)) * 1000;
  return Array.from({ length: count }, (_, at) => {
    const id = first + at;
    // 100 to 400 characters
    const body = write(between(random, 16, 55));
    return JSON.stringify({
      ...single,
      Parent_Message: {
        ...single.Parent_Message,
        chat_thread_id: id,
        message_id: id,
        body,
        message_url: single.Parent_Message.message_url.replace(/\d+$/, String(id)),
      },
      Issue_Details: {
        ...single.Issue_Details,
        issue_title: body.slice(0, 60).trim(),
        type: TYPES[at % TYPES.length],
      },
    });
  });
}
