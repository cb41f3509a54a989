// npm run tour: plays docs/tour.md with freshly built binaries and a server in a temporary folder,
// and shows each command with what it answered. A wrong answer ends it with exit code 1.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runSessionFile, type Watcher } from "../acceptance/harness/run.ts";
import { buildBinary, NO_FLAGS, ROOT } from "./binaries.ts";

const isColored = process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "";
const bold = (text: string) => (isColored ? `\u001b[1m${text}\u001b[0m` : text);
const faint = (text: string) => (isColored ? `\u001b[2m${text}\u001b[0m` : text);

let commands = 0;
let isShown = true;
const watcher: Watcher = {
  onCommand(step, command) {
    isShown = !step.isHidden;
    if (!isShown) return;
    commands += 1;
    if (step.introduction !== "") console.log(`\n${bold(step.introduction)}\n`);
    console.log(`$ ${command.replaceAll("\n", "\n> ")}`);
  },
  onOutput({ stdout, exitCode }) {
    if (!isShown) return;
    if (stdout !== "") console.log(stdout.trimEnd());
    if (exitCode !== 0) console.log(faint(`(exit code ${exitCode})`));
  },
};

async function tour(): Promise<void> {
  // Everything that the tour makes lies in here, so one removal cleans up after any end.
  const temporary = await mkdtemp(join(tmpdir(), "conch-tour-"));
  process.env["TMPDIR"] = temporary;
  process.once("exit", () => Bun.spawnSync(["rm", "-rf", temporary]));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => process.exit(130));
  }
  console.log("Building conch and conchd…");
  await Promise.all([
    buildBinary("conch", join(temporary, "conch"), NO_FLAGS),
    buildBinary("conchd", join(temporary, "conchd"), NO_FLAGS),
  ]);
  await runSessionFile(join(ROOT, "docs", "tour.md"), {
    mergeStreams: true,
    update: false,
    binaries: temporary,
    watch: watcher,
  });
  await rm(temporary, { recursive: true, force: true });
  console.log(`\n${bold(`${commands} commands, each answered as it should.`)}`);
}

try {
  await tour();
} catch (error) {
  console.error(`\ntour: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
