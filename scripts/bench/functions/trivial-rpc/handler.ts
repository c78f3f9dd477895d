/** What the function needs from outside: calls `bench_one` and returns what it returned. */
export interface Dependencies {
  one: () => Promise<unknown>;
  log: (line: string) => void;
}

/** The least that an edge function over the Data API does: reads its body, makes one call, answers, logs a line. */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  return async (request) => {
    const { byteLength } = await request.arrayBuffer();
    const one = await deps.one();
    deps.log(JSON.stringify({ level: "info", function: "trivial-rpc", status: 200, bytes: byteLength }));
    return Response.json({ one });
  };
}
