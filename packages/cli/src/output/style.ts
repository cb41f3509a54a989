/** How text for people is dressed: colours where they are wanted, widths as a terminal shows them. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly green: (text: string) => string;
  /** Columns that a text takes. */
  readonly widthOf: (text: string) => number;
  /** How wide a line may be: `Infinity` where no terminal shows it. */
  readonly columns: () => number;
  readonly nowMs: number;
}

/** Makes a style. */
export function createStyle(options: {
  readonly color: boolean;
  readonly widthOf: (text: string) => number;
  readonly columns: () => number;
  readonly nowMs: number;
}): Style {
  const paint = (open: number, close: number) => (text: string) =>
    options.color && text !== "" ? `\u001B[${open}m${text}\u001B[${close}m` : text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    yellow: paint(33, 39),
    green: paint(32, 39),
    widthOf: options.widthOf,
    columns: options.columns,
    nowMs: options.nowMs,
  };
}

/**
 * A text from a server or a file as it may be shown: control characters, those that reorder a line and
 * those that nobody sees are written as escapes, so that no name can move the cursor, hide what
 * follows, or look like another. What joins emoji and letters stays.
 */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cs}\u2028\u2029\u061C\u200E\u200F\u202A-\u202E\u2066-\u206F\u00AD\u180E\u200B\u2060-\u2064\uFEFF\uFFF9-\uFFFB]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** The same for texts of several lines: line breaks and tabs stay. */
export function printableLines(text: string): string {
  return text
    .split(/(\n|\t)/u)
    .map((part) => (part === "\n" || part === "\t" ? part : printable(part)))
    .join("");
}
