// Runs one edge function under Deno: `export default { fetch }`, as the platform's runtime takes it. Prints
// its port on standard output, where the function logs too. Ends when standard input closes, so with its
// parent.

interface EdgeFunction {
  default: { fetch(request: Request): Response | Promise<Response> };
}

const [entry] = Deno.args;
if (!entry) throw new Error("usage: function-host.ts <entry module>");

// only the gateway's requests are answered: a page in a browser can find this port
const key = Deno.env.get("FIXLOOP_HOST_KEY");
Deno.env.delete("FIXLOOP_HOST_KEY");

const { default: handler } = await import(entry) as EdgeFunction;

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => console.log(`fixloop-function-host listens on ${port}`),
}, (request) => {
  if (request.headers.get("fixloop-host-key") !== key) return new Response(null, { status: 403 });
  if (new URL(request.url).pathname === "/.host/ping") return new Response("pong");
  return handler.fetch(request);
});

for await (const _ of Deno.stdin.readable) { /* nothing is sent; only the end of the stream counts */ }
Deno.exit(0);
