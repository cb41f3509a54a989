/** Edits between two words: insertions, deletions, replacements, and swaps of neighbours. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let best = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        best = Math.min(best, (before[column - 2] ?? Infinity) + 1);
      }
      current.push(best);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}

/** The word that was most likely meant; `null` where none is near. */
export function nearest(typed: string, words: Iterable<string>): string | null {
  let found: string | null = null;
  let least = Math.max(1, Math.floor(typed.length * 0.4)) + 1;
  for (const word of words) {
    const edits = distance(typed.toLowerCase(), word.toLowerCase());
    // Something of what was typed must be left: `-v` is no `-j`.
    if (edits < least && edits < typed.replace(/^-+/u, "").length) [found, least] = [word, edits];
  }
  if (found === null && typed.length > 1) {
    for (const word of words) if (word.startsWith(typed)) return word;
  }
  return found;
}

/** Words by which other tools call the same. */
const SYNONYMS: readonly (readonly string[])[] = [
  ["list", "ls"],
  ["get", "show", "view", "cat", "info", "which"],
  ["create", "new", "add", "make"],
  ["rm", "remove", "delete", "del", "unset", "revoke"],
  ["set", "update", "edit", "change"],
];

/** The word that stands for what other tools call as it was typed; `null` where there is none. */
export function synonym(typed: string, words: Iterable<string>): string | null {
  const same = SYNONYMS.find((group) => group.includes(typed));
  for (const word of words) if (same?.includes(word) === true) return word;
  return null;
}
