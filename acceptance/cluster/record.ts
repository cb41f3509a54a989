/**
 * What one verifier saw of each token, in a file that outlives the process, by whatever it ends. One
 * clock for all: the machine's wall clock, which nobody sets during a test.
 */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";

/** The last time of each outcome, milliseconds since the epoch; 0 for never. */
export interface Sightings {
  readonly acceptedAtMs: number;
  readonly refusedAtMs: number;
  readonly unavailableAtMs: number;
}

/** Outcomes, by their place in a token's row. */
const PLACES = { accepted: 0, refused: 1, unavailable: 2 } as const;
const ROW_BYTES = 8 * Object.keys(PLACES).length;

/** Writes sightings. */
export interface Recorder {
  /** @param atMs a reading from before the verification was asked for: it was not earlier. */
  record(token: number, outcome: keyof typeof PLACES, atMs: number): void;
  close(): void;
}

/** Makes the file. @param tokens how many there are. */
export function createRecorder(path: string, tokens: number): Recorder {
  const file = openSync(path, "w");
  writeSync(file, new Uint8Array(tokens * ROW_BYTES), 0);
  const value = new Float64Array(1);
  const bytes = new Uint8Array(value.buffer);
  return {
    record(token, outcome, atMs) {
      value[0] = atMs;
      writeSync(file, bytes, 0, 8, token * ROW_BYTES + 8 * PLACES[outcome]);
    },
    close: () => closeSync(file),
  };
}

/** Reads them, by token. */
export function readSightings(path: string): Sightings[] {
  const bytes = readFileSync(path);
  const values = new Float64Array(Uint8Array.from(bytes).buffer);
  const rows: Sightings[] = [];
  for (let at = 0; at < values.length; at += 3) {
    rows.push({
      acceptedAtMs: values[at + PLACES.accepted] ?? 0,
      refusedAtMs: values[at + PLACES.refused] ?? 0,
      unavailableAtMs: values[at + PLACES.unavailable] ?? 0,
    });
  }
  return rows;
}
