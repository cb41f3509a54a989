import { expect, test } from "bun:test";
import type { RevocationReceipt } from "@conch/contract/revocation";
import { receiptLine } from "../src/revocation.ts";

const RECEIPT: RevocationReceipt = {
  waited_ms: 12,
  confirmed: 1,
  holders: 1,
  proof: "confirmed",
  bound_ms: 5000,
};
const START = "\nin force everywhere after 12 ms: ";
const BOUND = "the proof is the bound of 5 s, after which nothing accepts it";

test.each<[Partial<RevocationReceipt>, string]>([
  [{}, "1 of 1 known holder confirmed"],
  [{ confirmed: 3, holders: 3 }, "3 of 3 known holders confirmed"],
  [{ holders: 2 }, "1 of 2 known holders confirmed; the lease of the other has ended"],
  [{ holders: 4 }, "1 of 4 known holders confirmed; the leases of the others have ended"],
  [{ holders: 2, proof: "bound" }, `1 of 2 known holders confirmed; ${BOUND}`],
])("a receipt with %j", (more, expected) => {
  expect(receiptLine({ ...RECEIPT, ...more })).toBe(`${START}${expected}`);
});

test("without a receipt nothing is said", () => {
  expect(receiptLine(null)).toBe("");
});
