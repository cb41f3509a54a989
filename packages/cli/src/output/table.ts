import type { Style } from "./style.ts";

/** A cell: its text, and how it is painted once it is as wide as its column. */
export interface Cell {
  readonly text: string;
  readonly paint?: ((text: string) => string) | undefined;
}

const GAP = 2;

/**
 * An aligned table: two spaces between columns, nothing after the last. On a terminal that is too
 * narrow for it each row is a block of lines: what stands in a table is there to be copied into the next
 * command, so that nothing is cut off. Without rows it is the text for that.
 *
 * @param headings an empty one is that of a mark
 */
export function table(
  style: Style,
  headings: readonly string[],
  rows: readonly (readonly (string | Cell)[])[],
  none: string,
): string {
  if (rows.length === 0) return none;
  const cells: Cell[][] = [
    headings.map((text) => ({ text, paint: style.bold })),
    ...rows.map((row) => row.map((cell) => (typeof cell === "string" ? { text: cell } : cell))),
  ];
  const widths = headings.map((_, column) =>
    Math.max(...cells.map((row) => style.widthOf(row[column]?.text ?? ""))),
  );
  const width = widths.reduce((sum, next) => sum + next, GAP * (widths.length - 1));
  if (width > style.columns()) {
    return cells
      .slice(1)
      .map((row) => block(style, headings, row))
      .join("\n\n");
  }
  return cells.map((row) => line(style, row, widths)).join("\n");
}

/** A row as lines of a name and a value; a mark stands before the first of them. */
function block(style: Style, headings: readonly string[], row: readonly Cell[]): string {
  const named = headings.map((heading, column) => [heading, row[column] ?? ""] as const);
  const mark = row[headings.indexOf("")];
  const text = fields(
    style,
    named
      .filter(([heading]) => heading !== "")
      .map(([heading, cell]) => [heading.toLowerCase(), cell]),
  );
  return mark === undefined ? text : `${mark.text.padEnd(GAP)}${text.replaceAll("\n", "\n  ")}`;
}

function line(style: Style, row: readonly Cell[], widths: readonly number[]): string {
  return row
    .map(({ text, paint }, column) => {
      const isLast = column === row.length - 1;
      const gap = isLast ? 0 : (widths[column] ?? 0) - style.widthOf(text) + GAP;
      return (paint?.(text) ?? text) + " ".repeat(gap);
    })
    .join("")
    .trimEnd();
}

/** Names and values, one a line, the values aligned. */
export function fields(style: Style, rows: readonly (readonly [string, string | Cell])[]): string {
  const width = Math.max(...rows.map(([name]) => style.widthOf(name)));
  return rows
    .map(([name, value]) => {
      const { text, paint }: Cell = typeof value === "string" ? { text: value } : value;
      return `${style.dim(name)}${" ".repeat(width - style.widthOf(name) + 2)}${paint?.(text) ?? text}`;
    })
    .join("\n");
}
