/** An answer of the change feed while it is still coming: its first member is sent ahead of the rest. */
import { ChangesReply, type Dropped } from "@conch/contract";

/**
 * Reads a body to its end.
 *
 * @param onText called with what has come so far, each time that more has.
 */
export async function readText(
  response: Response,
  onText: ((text: string) => void) | undefined,
): Promise<string> {
  if (onText === undefined || response.body === null || !response.ok) return response.text();
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of response.body) {
    text += decoder.decode(part, { stream: true });
    onText(text);
  }
  return text;
}

/** What an answer begins with that is still coming: nothing, or elements of `dropped`. */
export function readDropped(text: string): readonly Dropped[] {
  if (!text.startsWith('{"dropped":[') || !text.endsWith("}")) return [];
  try {
    const { dropped } = JSON.parse(`${text}]}`) as { readonly dropped: unknown };
    return ChangesReply().shape.dropped.parse(dropped) ?? [];
  } catch {
    // Cut in the middle, or come to its end: whoever reads on sees all of it.
    return [];
  }
}
