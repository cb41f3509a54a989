import type { WireEvent } from "@conch/client";
import { describeFault } from "@conch/client/errors";
import type { CommandContext } from "../command-context.ts";
import { printableLines } from "./style.ts";

/** Shows what goes over the wire on stderr, for `--debug` and `--trace`, with every secret masked. */
export function createObserver(context: CommandContext): ((event: WireEvent) => void) | undefined {
  const { globals, masker, nowMs } = context;
  if (!globals.debug && !globals.trace) return undefined;
  let startedAtMs = 0;

  const say = (text: string) =>
    context.diagnose(async () => printableLines(await masker.text(text)));
  const sayDetails = (mark: string, headers: Iterable<[string, string]>, body: string) => {
    if (!globals.trace) return;
    context.diagnose(async () => {
      const shown = await masker.headers(headers);
      const lines = shown.map(([name, value]) => `${mark} ${name}: ${value}`);
      if (body !== "") lines.push(mark, ...(await masker.text(body)).split("\n"));
      return printableLines(lines.join("\n"));
    });
  };

  return (event) => {
    const { method, url } = event.request;
    switch (event.type) {
      case "request":
        startedAtMs = nowMs();
        say(`> ${method} ${url}`);
        return sayDetails(">", Object.entries(event.request.headers), event.request.body ?? "");
      case "reply":
        say(`< ${event.reply.status} in ${nowMs() - startedAtMs} ms`);
        return sayDetails("<", event.reply.headers, event.reply.text);
      case "failure":
        return say(`! ${describeFault(event.fault)}`);
      case "retry":
        return say(`~ ${method} ${url} again in ${Math.round(event.delayMs)} ms`);
      case "redirect":
        return say(`~ redirected to ${event.location}`);
    }
  };
}
