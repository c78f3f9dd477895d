import type { Case } from "../bench.ts";
import { activityLogCase } from "./activity-log.ts";
import { agentsQueueCase } from "./agents-queue.ts";
import { answersCase } from "./answers.ts";
import { devpulseDailyCase } from "./devpulse-daily.ts";
import { devpulseReadingCase } from "./devpulse-reading.ts";
import { exaiActiveCase } from "./exai-active.ts";
import { exaiCycleCase } from "./exai-cycle.ts";
import { exaiReadyCase } from "./exai-ready.ts";
import { importCase } from "./import.ts";
import { loopFlowCase } from "./loop-flow.ts";
import { loopJourneysCase } from "./loop-journeys.ts";
import { loopOutboxCase } from "./loop-outbox.ts";
import { searchCase } from "./search.ts";
import { supportMessagesCase } from "./support-messages.ts";
import { webhookCase } from "./webhook.ts";

/** Every case, in the order in which they run. */
export const CASES: readonly Case[] = [
  importCase,
  webhookCase,
  activityLogCase,
  searchCase,
  answersCase,
  exaiActiveCase,
  exaiReadyCase,
  exaiCycleCase,
  agentsQueueCase,
  devpulseDailyCase,
  devpulseReadingCase,
  supportMessagesCase,
  loopJourneysCase,
  loopFlowCase,
  loopOutboxCase,
];
