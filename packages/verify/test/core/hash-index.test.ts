import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { createHashIndex, NO_ROW } from "../../src/core/hash-index.ts";

/** The rows of that hash, and the places that it takes to find them. */
function search(
  index: ReturnType<typeof createHashIndex>,
  hashOf: (row: number) => number,
  hash: number,
) {
  const rows: number[] = [];
  let places = 1;
  for (let place = index.placeOf(hash); ; place = index.placeAfter(place)) {
    const row = index.rowAt(place);
    if (row === NO_ROW) return { rows: rows.toSorted((a, b) => a - b), places };
    if (hashOf(row) === hash) rows.push(row);
    places += 1;
  }
}

// Few of them, at both ends of the range and with the same low bits: most searches meet others' rows.
const hashes = fc.oneof(
  fc.integer({ min: 0, max: 20 }),
  fc.integer({ min: -3, max: -1 }),
  fc.constantFrom(0x10000, 0x20000, -0x80000000, 0x7fffffff),
  fc.integer({ min: -0x80000000, max: 0x7fffffff }),
);

test("an index finds the rows that a plain map of hashes would, whatever came and went", () => {
  const operations = fc.array(
    fc.record({
      row: fc.nat({ max: 40 }),
      action: fc.constantFrom("add", "add", "remove", "clear"),
    }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(
      fc.array(hashes, { minLength: 41, maxLength: 41 }),
      operations,
      (hashesOfRows, list) => {
        const hashOf = (row: number): number => hashesOfRows[row] ?? 0;
        const index = createHashIndex(hashOf);
        const held = new Set<number>();
        for (const { row, action } of list) {
          if (action === "clear" && row === 0) {
            index.clear();
            held.clear();
          } else if (action === "add" && !held.has(row)) {
            index.add(row);
            held.add(row);
          } else if (action === "remove" && held.delete(row)) index.remove(row);
        }
        for (const hash of hashesOfRows) {
          expect(search(index, hashOf, hash).rows).toEqual(
            [...held].filter((row) => hashOf(row) === hash).toSorted((a, b) => a - b),
          );
        }
      },
    ),
  );
});

test("a search stays short after many rows have come and gone", () => {
  const random = new Uint32Array(100_000).map((_, row) => Math.imul(row ^ (row >>> 7), 0x9e3779b1));
  const hashOf = (row: number): number => random[row]! | 0;
  const index = createHashIndex(hashOf);
  for (let row = 0; row < random.length; row += 1) {
    index.add(row);
    if (row >= 1000) index.remove(row - 1000);
  }
  const places = Array.from(
    random.subarray(-1000),
    (hash) => search(index, hashOf, hash | 0).places,
  );
  expect(Math.max(...places)).toBeLessThan(50);
  expect(places.reduce((sum, count) => sum + count) / places.length).toBeLessThan(5);
});
