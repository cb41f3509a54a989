import { compareCodePoints } from "@conch/contract/order";

/** Sorted by a text of each, by code point. */
export function sortedBy<T>(items: readonly T[], textOf: (item: T) => string): T[] {
  return [...items].sort((a, b) => compareCodePoints(textOf(a), textOf(b)));
}

/**
 * One JSON document, indented. A `Map` is an object in the map's order: JavaScript's objects put
 * keys that look like numbers first, whatever order was asked for.
 */
export function toJson(value: unknown, indent = ""): string {
  if (!(value instanceof Map)) {
    return (JSON.stringify(value, null, 2) ?? "null").replaceAll("\n", `\n${indent}`);
  }
  if (value.size === 0) return "{}";
  const inner = `${indent}  `;
  const lines = [...(value as Map<string, unknown>)].map(
    ([key, item]) => `${inner}${JSON.stringify(key)}: ${toJson(item, inner)}`,
  );
  return `{\n${lines.join(",\n")}\n${indent}}`;
}

/** An object's own entries as a map, sorted by key. */
export function sortedEntries(object: Readonly<Record<string, unknown>>): Map<string, unknown> {
  return new Map(sortedBy(Object.entries(object), ([key]) => key));
}
