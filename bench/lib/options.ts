/** The options that every benchmark takes. */
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    rounds: { type: "string", default: "9" },
    seconds: { type: "string", default: "2" },
  },
});

/** Also the forms that take long: 10 M tokens instead of 1 M. */
export const FULL: boolean = values.full;
/** How many alternating rounds the medians are of. */
export const ROUNDS = Number(values.rounds);
/** How long a contender runs in each round. */
export const SECONDS = Number(values.seconds);
