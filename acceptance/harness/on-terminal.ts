// on-terminal [PROMPT ANSWER]… -- COMMAND…: runs a command on a pseudo-terminal, types each answer
// once its prompt has appeared, and prints what the terminal shows, without colours and cursor moves.
// The answer `^C` is the key, not the text.
const separator = process.argv.indexOf("--");
const conversation = process.argv.slice(2, separator);
const command = process.argv.slice(separator + 1);
if (separator === -1 || conversation.length % 2 !== 0 || command.length === 0) {
  console.error("on-terminal [PROMPT ANSWER]… -- COMMAND…");
  process.exit(99);
}

const decoder = new TextDecoder();
let shown = "";
let searchFrom = 0;
let closed = () => {};
const drained = new Promise<void>((resolve) => {
  closed = resolve;
});

const child = Bun.spawn(command, {
  env: { ...process.env, TERM: "xterm", COLUMNS: "100" },
  terminal: {
    cols: 100,
    rows: 40,
    data(terminal, bytes) {
      shown += decoder.decode(bytes, { stream: true });
      answer(terminal);
    },
    exit: () => closed(),
  },
});

/** Types the next answers whose prompts have appeared. */
function answer(terminal: Bun.Terminal): void {
  for (;;) {
    const [prompt, text] = conversation;
    if (prompt === undefined || text === undefined) return;
    const at = shown.indexOf(prompt, searchFrom);
    if (at === -1) return;
    searchFrom = at + prompt.length;
    conversation.splice(0, 2);
    terminal.write(text === "^C" ? "\u0003" : `${text}\r`);
  }
}

const giveUp = setTimeout(() => child.kill("SIGKILL"), 20_000);
const exitCode = await child.exited;
clearTimeout(giveUp);
child.terminal?.close();
await drained;

// oxlint-disable-next-line no-control-regex
const ESCAPES = /\u001b(?:\[[0-9;?]*[A-Za-z]|\][^\u0007]*\u0007|[()][A-Z0-9]|[=>78])/g;
for (const line of shown.replace(ESCAPES, "").split(/\r*\n/)) {
  console.log(line.split("\r").at(-1)?.trimEnd());
}
if (conversation.length > 0) console.error(`on-terminal: never asked: ${conversation[0]}`);
process.exit(conversation.length > 0 ? 99 : exitCode);
