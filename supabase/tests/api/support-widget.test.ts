import { once } from "node:events";
import { accessSync, constants, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ROOT } from "../../../scripts/local/paths.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { type Person, rows, signUp } from "../support/people.ts";

// The widget of examples/, in a real browser. Without one, these tests are left out.

const SCRIPT = "https://cdn.jsdelivr.net/npm/@supabase/supabase-js@2.119.0/dist/umd/supabase.js";

/** What support-chat answers while the team has published nothing. */
const UNKNOWN = "Assistant: I don't know. Shall I get a person?";

/** Debian's Chromium, or another one; CHROMIUM names its file. */
const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const FOLDERS = (process.env["PATH"] ?? "").split(delimiter);
const executablePath =
  (process.env["CHROMIUM"]
    ? [process.env["CHROMIUM"]]
    : NAMES.flatMap((name) => FOLDERS.map((folder) => join(folder, name)))).find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });

if (!executablePath) {
  console.warn("Left out: the support widget in a browser. Install Chromium to run its tests.");
}

describe.skipIf(!executablePath)("the support widget in a browser", () => {
  let project: TestProject;
  let sql: Sql;
  let agent: Person;
  let website: Server;
  let browser: Browser;
  let visitor: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    project = await openTestProject();
    sql = connect(project.database);
    agent = await signUp(project, "agent", "agent");
    website = await openWebsite();
    browser = await chromium.launch({
      executablePath: executablePath ?? "",
      args: ["--no-sandbox", "--disable-dev-shm-usage"],
    });
  });

  afterAll(async () => {
    await browser?.close();
    website?.close();
    await sql?.end();
    await project?.close();
  });

  beforeEach(async () => {
    await visitor?.close();
    ({ context: visitor, page } = await openVisitor());
  });

  /** A server of our own: Chromium lets no page from elsewhere call this machine. */
  async function openWebsite(): Promise<Server> {
    const html = readFileSync(join(ROOT, "examples/support-widget/index.html"), "utf8")
      .replace(/data-url="[^"]*"/, `data-url="${project.url}"`);
    const server = createServer((_, response) => {
      response.setHeader("content-type", "text/html; charset=utf-8").end(html);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return server;
  }

  /** A browser of a visitor's own, with the widget open. */
  async function openVisitor(): Promise<{ context: BrowserContext; page: Page }> {
    const context = await browser.newContext();
    await context.route(SCRIPT, (route) =>
      route.fulfill({
        path: join(ROOT, "node_modules/@supabase/supabase-js/dist/umd/supabase.js"),
        contentType: "text/javascript",
        headers: { "access-control-allow-origin": "*" },
      }));
    const page = await context.newPage();
    page.on("pageerror", (error) => expect.soft(error.message).toBe(""));
    page.on("dialog", (dialog) => {
      expect.soft(dialog.message()).toBe("");
      void dialog.dismiss();
    });
    await page.goto(`http://127.0.0.1:${(website.address() as AddressInfo).port}/`);
    return { context, page };
  }

  const log = (of = page) => of.getByRole("log", { name: "How can we help?" });
  const messages = (of = page): Promise<string[]> => log(of).locator("p").allInnerTexts();
  const expectMessages = (expected: unknown[], of = page) =>
    expect.poll(() => messages(of)).toEqual(expected);

  async function say(text: string, of = page): Promise<void> {
    await of.getByRole("textbox", { name: "Your message" }).fill(text);
    await of.getByRole("button", { name: "Send" }).click();
    await expect.poll(() => of.getByRole("textbox", { name: "Your message" }).inputValue()).toBe("");
  }

  /** The only conversation in which a text was written. */
  async function conversationWith(content: string): Promise<string> {
    const found = await sql<{ id: string }[]>`
      select conversation_id as id from support.messages where content = ${content}
    `;
    expect(found).toHaveLength(1);
    return found[0]?.id ?? "";
  }

  test("a visitor asks, is answered, asks for a person, and reads the person's reply: by keyboard alone", async () => {
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.type("Where do I find my invoice?");
    await page.keyboard.press("Enter");
    await expectMessages(["You: Where do I find my invoice?", UNKNOWN]);
    const conversation = await conversationWith("Where do I find my invoice?");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Ask for a person");
    await page.keyboard.press("Enter");
    await expect.poll(() => messages().then((all) => all.at(-1)))
      .toBe("Note: A person of the team was asked to answer here.");
    const team = agent.client.schema("support");
    const [escalation] = await rows(
      team.from("open_escalations").select("id").eq("conversation_id", conversation),
    );
    await rows(
      team.rpc("answer_escalation", {
        id: escalation?.id ?? "",
        content: "It is under\nSettings, Billing.",
      }),
    );
    await expectMessages([
      "You: Where do I find my invoice?",
      UNKNOWN,
      "Note: A person of the team was asked to answer here.",
      "Our team: It is under\nSettings, Billing.",
    ]);
    expect(await page.getByRole("status").innerText()).toBe("");
    await page.reload();
    await expect.poll(() => messages()).toHaveLength(4);
  });

  test("a second visitor sees nothing of it", async () => {
    await say("My secret question");
    const { context, page: other } = await openVisitor();
    expect(await messages(other)).toEqual([]);
    await say("Another question", other);
    await expectMessages(["You: Another question", UNKNOWN], other);
    const conversation = await conversationWith("My secret question");
    await sql`
      insert into support.messages (conversation_id, role, content) values (${conversation}, 'agent', 'For you alone')
    `;
    await expectMessages(["You: My secret question", UNKNOWN, "Our team: For you alone"]);
    await sql`
      insert into support.messages (conversation_id, role, content)
      values (${await conversationWith("Another question")}, 'agent', 'The end')
    `;
    await expectMessages(["You: Another question", UNKNOWN, "Our team: The end"], other);
    await context.close();
  });

  test("a script in a message does not run, whoever wrote it", async () => {
    const script = `<script>document.title = "owned"</script><img src=x onerror='document.title = "owned"'>`;
    await say(script);
    const conversation = await conversationWith(script);
    const links = [
      { url: "javascript:document.title='owned'", title: "Click" },
      { url: "https://docs.example/invoices", title: `<b onclick="document.title='owned'">Invoices</b>` },
    ];
    await sql`
      insert into support.messages (conversation_id, role, content, source)
      values (${conversation}, 'assistant', ${script}, ${
      sql.json({ links })
    }), (${conversation}, 'agent', ${script}, null)
    `;
    await expectMessages([
      `You: ${script}`,
      UNKNOWN,
      `Assistant: ${script}\n${links[1]?.title}`,
      `Our team: ${script}`,
    ]);
    expect(await log().locator("script, img, b").count()).toBe(0);
    expect(await log().getByRole("link").evaluateAll((all) => all.map((one) => one.getAttribute("href"))))
      .toEqual(["https://docs.example/invoices"]);
    expect(await page.title()).toBe("Support");
  });

  test("a message whose answer was lost is kept, and stored once when it is sent again", async () => {
    await say("First");
    let isLost = true;
    await visitor.route(/\/(functions\/v1\/support-chat|rest\/v1\/rpc\/send_message)$/, async (route) => {
      if (!isLost) return await route.fallback();
      await route.fetch();
      await route.abort();
    });
    await page.getByRole("textbox").fill("Second");
    await page.getByRole("button", { name: "Send" }).click();
    await expect.poll(() => page.getByRole("status").innerText()).toMatch(/^That did not work/);
    expect(await page.getByRole("textbox").inputValue()).toBe("Second");
    isLost = false;
    await page.getByRole("button", { name: "Send" }).click();
    await expect.poll(() => page.getByRole("textbox").inputValue()).toBe("");
    await expect.poll(() => messages().then((all) => all.filter((one) => one.startsWith("You")))).toEqual([
      "You: First",
      "You: Second",
    ]);
  });

  test("a conversation that was erased is left, and another one begins", async () => {
    await say("Before");
    await sql`delete from support.conversations where id = ${await conversationWith("Before")}`;
    await expectMessages([]);
    await say("After");
    await expectMessages(["You: After", UNKNOWN]);
  });
});
