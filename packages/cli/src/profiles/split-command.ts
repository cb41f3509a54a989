/**
 * Splits a command into words as a shell would, quotes and backslashes included, and does nothing
 * else that a shell does: no variables, no globs, no pipes.
 *
 * @returns `null` where a quote does not end
 */
export function splitCommand(command: string): string[] | null {
  const words: string[] = [];
  const pattern = /\s*((?:[^\s"'\\]|\\[\s\S]|"(?:[^"\\]|\\[\s\S])*"|'[^']*')+)\s*/y;
  while (pattern.lastIndex < command.length) {
    const start = pattern.lastIndex;
    const word = pattern.exec(command)?.[1];
    if (word === undefined) return command.slice(start).trim() === "" ? words : null;
    words.push(unquote(word));
  }
  return words;
}

function unquote(word: string): string {
  return word.replace(
    /"((?:[^"\\]|\\[\s\S])*)"|'([^']*)'|\\([\s\S])/g,
    (_, double?: string, single?: string, escaped?: string) =>
      double?.replace(/\\(["\\$`])/g, "$1") ?? single ?? escaped ?? "",
  );
}
