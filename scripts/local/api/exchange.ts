import type { AsyncLocalStorage } from "node:async_hooks";
import type { Ast } from "./ast.ts";

/** A request to the Data API on its way through lite. */
export interface Exchange {
  request: Request;
  /** True when the request is only parsed, never run: it has filters that lite would drop (filters.ts). */
  isParseOnly: boolean;
  ast?: Ast;
  /** The parsed forms of the same request that hold its other filters. */
  more: Ast[];
  /** Returned in place of lite's response. */
  response?: Response | undefined;
}

/** The exchange of the code that runs; lite's hooks don't get the request. */
export type Exchanges = AsyncLocalStorage<Exchange>;
