/** What `JSON.parse` calls with each value, and with the text of a primitive one (not in Node 20). */
type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown;

/** Only such texts are looked at closely, which takes longer than parsing them does. */
const MAY_BE_INEXACT = /\d{16}|\d[eE]/;

/** An identifier of 64 bits would come back as another one, and what is beyond all numbers as null. */
function isExactly(value: number, source: string): boolean {
  const isInteger = /^-?\d+$/.test(source);
  return isInteger ? value === 0 || String(value) === source : Number.isFinite(value);
}

/**
 * Parses JSON, and tells whether every number in it is kept as it stands.
 *
 * @throws SyntaxError where the text is no JSON.
 */
export function parseExactJson(text: string): {
  readonly value: unknown;
  readonly isExact: boolean;
} {
  if (!MAY_BE_INEXACT.test(text)) return { value: JSON.parse(text), isExact: true };
  let isExact = true;
  const check: Reviver = (_, value, { source = "" } = {}) => {
    if (typeof value === "number") isExact &&= isExactly(value, source);
    return value;
  };
  return { value: JSON.parse(text, check), isExact };
}
