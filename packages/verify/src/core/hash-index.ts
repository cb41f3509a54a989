/**
 * Finds rows of a table by a hash: open addressing with linear probing, eight to sixteen bytes a row,
 * in one array that the processor can hold. What the rows are, and whether one of them is the one that
 * is meant, is the caller's business:
 *
 *     for (let place = index.placeOf(hash); ; place = index.placeAfter(place)) {
 *       const row = index.rowAt(place);
 *       if (row === NO_ROW || isMeant(row)) return row;
 *     }
 *
 * It is at most half full and leaves no traces of what was removed, so a search ends after a few places.
 */
export interface HashIndex {
  /** Where a search for rows of that hash begins. */
  readonly placeOf: (hash: number) => number;
  readonly placeAfter: (place: number) => number;
  /** `NO_ROW` where the search ends. */
  readonly rowAt: (place: number) => number;
  /** Adds a row that is not in it. */
  readonly add: (row: number) => void;
  /** Removes a row that is in it and has the hash that it was added with. */
  readonly remove: (row: number) => void;
  readonly clear: () => void;
}

/** Stands for no row. */
export const NO_ROW = -1;

const PLACES_MIN = 16;

/** @param hashOf the hash of a row, of which the low bits must differ: 32 bits. */
export function createHashIndex(hashOf: (row: number) => number): HashIndex {
  let places = new Int32Array(PLACES_MIN).fill(NO_ROW);
  let mask = PLACES_MIN - 1;
  let size = 0;

  const rowAt = (place: number): number => places[place] ?? NO_ROW;
  const placeOf = (hash: number): number => hash & mask;
  const placeAfter = (place: number): number => (place + 1) & mask;

  function put(row: number): void {
    let place = placeOf(hashOf(row));
    while (rowAt(place) !== NO_ROW) place = placeAfter(place);
    places[place] = row;
  }

  function rebuild(length: number, rows: Iterable<number>): void {
    places = new Int32Array(length).fill(NO_ROW);
    mask = length - 1;
    for (const row of rows) if (row !== NO_ROW) put(row);
  }

  return {
    placeOf,
    placeAfter,
    rowAt,
    add(row) {
      size += 1;
      if (2 * size > places.length) rebuild(2 * places.length, places);
      put(row);
    },
    remove(row) {
      let hole = placeOf(hashOf(row));
      while (rowAt(hole) !== row) hole = placeAfter(hole);
      // What stands behind moves up, unless its search begins behind the hole.
      for (let place = placeAfter(hole); rowAt(place) !== NO_ROW; place = placeAfter(place)) {
        const distance = (place - placeOf(hashOf(rowAt(place)))) & mask;
        if (distance < ((place - hole) & mask)) continue;
        places[hole] = rowAt(place);
        hole = place;
      }
      places[hole] = NO_ROW;
      size -= 1;
    },
    clear() {
      size = 0;
      rebuild(PLACES_MIN, []);
    },
  };
}
