import { setTimeout } from "node:timers/promises";
import { beforeEach, expect, test } from "vitest";
import { openTestProject, type TestProject } from "../support/database.ts";
import { runFunction } from "../support/functions.ts";
import { type Outside, REPO, startOutside } from "../support/outside.ts";
import { Story } from "../support/story.ts";

// The loop from a message to an answer in the same thread, and what may go wrong on the way. At the end always: each
// reporter was told exactly once per generation, and the ledger has every hop.

let outside: Outside;
let project: TestProject;
let story: Story;

beforeEach(async () => {
  outside = await startOutside();
  project = await openTestProject({ functions: { env: outside.env } });
  story = new Story({ outside, project: () => project });
  await story.prepare();
  return async () => {
    await project.close();
    await outside.stop();
  };
});

async function tellStory(): Promise<void> {
  await story.report();
  await story.promote();
  await story.work();
  await story.ship();
  await story.tell();
}

test("all goes well", async () => {
  await tellStory();
  await story.check();
});

test("the webhook of the merge is lost: the sweep sees it", async () => {
  await story.report();
  await story.promote();
  await story.work();
  await story.send(story.delivery("opened"));
  story.merge();
  await story.sql((sql) => sql`update private.pull_request_checks set next_attempt_at = now()`);
  await runFunction(project, "github-sweep");
  await story.tell();
  await story.check();
});

test("webhooks are doubled and out of order", async () => {
  await story.report();
  await story.promote();
  await story.work();
  const opened = story.delivery("opened");
  const edited = story.delivery("edited");
  story.merge();
  const closed = story.delivery("closed");
  await Promise.all([closed, opened, closed, edited, opened].map((sent) => story.send(sent)));
  await story.send(closed);
  await story.tell();
  await story.send(opened);
  await story.tell();
  await story.check();
});

test("Circle accepts replies and drops two, and shows another one late", async () => {
  const { state } = outside.community.fake;
  state.mishaps.push({ kind: "dropped", times: 2 }, { kind: "late", times: 1 });
  await tellStory();
  await story.check();
  const posts = state.requests.filter(({ method, path }) =>
    method === "POST" && path.includes("chat_room_messages")
  );
  expect(posts.length).toBeGreaterThanOrEqual(4);
});

test("Circle is slow, answers 500 and 429", async () => {
  const { faults } = outside.community.fake.state;
  faults.push(
    { path: "chat_room_messages", delayMs: 500, times: 4 },
    { path: "chat_room_messages", status: 500, times: 1 },
    { path: "chat_room_messages", status: 429, headers: { "retry-after": "1" }, times: 1 },
  );
  await tellStory();
  await story.check();
  expect(faults, "all of them happened").toEqual([]);
});

test("two engineers promote it at the same moment", async () => {
  await story.report();
  await story.promote([story.tom, story.maya, story.tom, story.maya]);
  await story.work();
  await story.ship();
  await story.tell();
  await story.check();
});

test("the function that delivers is killed while it posts", async () => {
  const { state } = outside.community.fake;
  await story.report();
  await story.promote();
  await story.work();
  // the post is done at Circle, and its answer takes long
  state.faults.push({ method: "POST", path: "chat_room_messages", delayMs: 4000, times: 1 });
  const before = new Set(project.functions.pids());
  await story.ship();
  const killing = (async () => {
    const isPosting = () =>
      state.requests.some(({ method, path }) => method === "POST" && path.includes("chat_room_messages"));
    await expect.poll(isPosting, { interval: 20 }).toBe(true);
    const pids = project.functions.pids().filter((pid) => !before.has(pid));
    expect(pids).not.toEqual([]);
    for (const pid of pids) process.kill(pid, "SIGKILL");
  })();
  await fetch(`${project.url}/functions/v1/deliver`, {
    method: "POST",
    headers: { apikey: project.secretKey },
  }).then((response) => response.text());
  await killing;
  // its lease runs out
  await story.sql((sql) =>
    sql`update private.delivery_queue set is_leased = false, next_attempt_at = clock_timestamp()`
  );
  await story.tell();
  await story.check();
});

test("the merge is undone before the answer is approved: nobody is told", async () => {
  await story.sql((sql) => sql`update public.loop_settings set reply_mode = 'draft'`);
  await story.report();
  await story.promote();
  await story.work();
  await story.ship();
  const pull = outside.github.state.pull(REPO.owner, REPO.name, story.lastPull);
  Object.assign(pull, { mergedAt: null, mergeCommitSha: null, mergedBy: null, closedAt: new Date() });
  pull.updatedAt = new Date(pull.updatedAt.getTime() + 60_000);
  await story.send(story.delivery("closed"));
  await story.tell();
  const { threads, visitor } = await story.answers();
  expect([...threads.flat(), ...visitor]).toEqual([]);
  const { data: issue } = await story.tom.from("issues").select("status").eq("id", story.issueId).single();
  expect(issue?.status).not.toBe("resolved");
});

test("a reopened issue is fixed again, and everybody is told again, once", async () => {
  await tellStory();
  const reopened = await story.tom.from("exai_issues").update({ status: "open" }).eq(
    "issue_number",
    story.exaiNumber,
  ).select("status");
  expect(reopened.data).toEqual([{ status: "open" }]);
  await story.sql((sql) => sql`update public.deliveries set status = 'cancelled' where status = 'draft'`);
  await story.work();
  // GitHub's times are in seconds: a merge of the second of the reopening counts as one before it
  await setTimeout(1_000);
  await story.ship();
  await story.tell();
  await story.check(2);
});
