import type { Context } from "../context.ts";

/** What shows on a terminal that a long wait goes on. */
export interface Progress {
  /** Shows the text while the work lasts, if it lasts. Within another wait it changes nothing. */
  readonly during: <T>(text: string, work: Promise<T>) => Promise<T>;
  /** Takes what is shown away: something else is about to be written. */
  readonly clear: () => void;
  /** Takes it away for good. */
  readonly end: () => void;
}

const DELAY_MS = 300;
const FRAME_MS = 100;
const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
/** A line that breaks could not be taken away again. */
const COLUMNS_MAX = 38;

/** @param isWanted where not, nothing is ever shown; asked when there is something to wait for */
export function createProgress(
  { stderr, sleep, widthOf }: Context,
  { isWanted }: { readonly isWanted: () => boolean },
): Progress {
  let isWaiting = false;
  let ended: AbortController | null = null;
  let isShown = false;
  let isOver = false;

  function clear(): void {
    if (isShown) stderr.write("\r\u001B[K");
    isShown = false;
  }

  async function spin(text: string, done: AbortSignal): Promise<void> {
    ended = new AbortController();
    const signal = AbortSignal.any([done, ended.signal]);
    await sleep(DELAY_MS, signal);
    for (let frame = 0; !signal.aborted; frame += 1) {
      stderr.write(`\r${FRAMES[frame % FRAMES.length]} ${text}`);
      isShown = true;
      await sleep(FRAME_MS, signal);
    }
  }

  return {
    clear,

    end() {
      isOver = true;
      ended?.abort();
      clear();
    },

    async during(text, work) {
      if (isWaiting || isOver || !isWanted()) return work;
      isWaiting = true;
      const done = new AbortController();
      const spinning = spin(shortened(text, widthOf), done.signal).catch(() => undefined);
      try {
        return await work;
      } finally {
        isWaiting = false;
        done.abort();
        await spinning;
        clear();
      }
    },
  };
}

function shortened(text: string, widthOf: Context["widthOf"]): string {
  if (widthOf(text) <= COLUMNS_MAX) return text;
  let short = "";
  for (const character of text) {
    if (widthOf(short + character) >= COLUMNS_MAX) break;
    short += character;
  }
  return `${short}…`;
}
