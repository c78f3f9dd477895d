import {
  INTERNAL_ERROR,
  type JSONRPCErrorResponse,
  type RequestId,
  SdkHttpError,
} from "@modelcontextprotocol/client";
import { z } from "zod";
import { errorCode, UserError } from "../local/user-error.ts";

/** The body of our functions' error responses, as far as it is for people. */
const failureSchema = z.object({ code: z.string(), message: z.string(), hint: z.string().nullish() });

/** An error of the protocol, in an answer that may not name the request. */
const protocolErrorSchema = z.object({
  jsonrpc: z.literal("2.0"),
  error: z.object({ code: z.number().int(), message: z.string(), data: z.unknown().optional() }),
});

/** The answer to a request that has failed on its way: what happened, and what to do. */
export function toErrorResponse(id: RequestId, error: unknown): JSONRPCErrorResponse {
  const body = error instanceof SdkHttpError ? parseBody(error) : undefined;
  const answered = protocolErrorSchema.safeParse(body).data;
  if (answered) return { ...answered, id };
  const failure = failureSchema.safeParse(body).data;
  return {
    jsonrpc: "2.0",
    id,
    error: {
      code: INTERNAL_ERROR,
      message: failure ? sentence(failure.message, failure.hint) : describe(error),
      ...failure ? { data: body } : {},
    },
  };
}

/** An error as text for the person in front of the client. */
export function describe(error: unknown): string {
  if (error instanceof UserError) return sentence(error.message, error.hint);
  if (error instanceof SdkHttpError) {
    const failure = failureSchema.safeParse(parseBody(error)).data;
    if (failure) return sentence(failure.message, failure.hint);
    return `The server answered ${error.status}.`;
  }
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return sentence("The server did not answer in time.", "Send it again.");
  const code = errorCode(error.cause);
  return code ? sentence(`The server can't be reached (${code}).`, "Is the project running?") : error.message;
}

const sentence = (message: string, hint?: string | null): string => hint ? `${message} ${hint}` : message;

function parseBody(error: SdkHttpError): unknown {
  try {
    return JSON.parse(String(error.data.text));
  } catch {
    return undefined;
  }
}
