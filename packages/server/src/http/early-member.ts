/**
 * A JSON object whose first member, an array, is sent as its elements become known, before the rest.
 * Read to its end it is a document like any other; whoever reads along knows the elements earlier.
 */
import type { z } from "zod";

/** A body that is sent in parts. */
export type Parts = ReadableStream<Uint8Array>;

/** Proxies that collect answers are asked to pass on each part. */
export const UNBUFFERED = { "x-accel-buffering": "no" } as const;

const encoder = new TextEncoder();

/**
 * @param schema what leaves with the rest; never empty.
 * @param work produces the rest; `tell` may be called until then.
 * @returns the rest, where nothing was told before it was known; else the whole in parts. If there
 *   is no rest then, the document ends after the array.
 */
export async function sendEarly<Rest>(
  member: string,
  schema: z.ZodType<object, Rest>,
  work: (tell: (element: object) => void) => Promise<Rest>,
): Promise<{ readonly body: Rest } | { readonly parts: Parts }> {
  const told = Promise.withResolvers<null>();
  const { parts, send, end } = createParts();
  let count = 0;
  const rest = work((element) => {
    send(`${count === 0 ? `{${JSON.stringify(member)}:[` : ","}${JSON.stringify(element)}`);
    count += 1;
    told.resolve(null);
  });
  const first = await Promise.race([told.promise, rest]);
  if (first !== null) return { body: first };
  rest
    .then((value) => end(`],${JSON.stringify(schema.parse(value)).slice(1)}`))
    .catch(() => end("]}"));
  return { parts };
}

function createParts() {
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  const parts: Parts = new ReadableStream({
    start(started) {
      controller = started;
    },
    cancel() {
      controller = null;
    },
  });
  const send = (text: string): void => controller?.enqueue(encoder.encode(text));
  return {
    parts,
    send,
    end: (text: string): void => {
      send(text);
      controller?.close();
      controller = null;
    },
  };
}
