/**
 * JSON that is written back as it was read: members keep their order and may have any name
 * (`__proto__`, `12`), numbers keep their digits. Strict RFC 8259; every error has a line and a column.
 */

/** A number as it stands in the text, so that no digit is lost. */
export class JsonNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** An object: a map, because a plain object reorders and swallows members. */
export type JsonObject = Map<string, JsonValue>;
/** A value of a document: what is not an object or a number is as JavaScript has it. */
export type JsonValue = null | boolean | string | JsonNumber | JsonValue[] | JsonObject;

/** Deeper than any real file, and far from the end of the stack. */
const DEPTH_MAX = 100;

/** A fault in a JSON text, by place. Lines and columns start at 1; a column is a character. */
export class JsonSyntaxError extends Error {
  readonly line: number;
  readonly column: number;

  constructor(text: string, offset: number, fault: string) {
    const before = text.slice(0, offset);
    const lineStart = before.lastIndexOf("\n") + 1;
    const line = before.split("\n").length;
    const column = Array.from(before.slice(lineStart)).length + 1;
    super(`line ${line}, column ${column}: ${fault}`);
    this.name = "JsonSyntaxError";
    this.line = line;
    this.column = column;
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORDS = [
  ["null", null],
  ["true", true],
  ["false", false],
] as const;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ESCAPES: Record<string, string> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** @throws JsonSyntaxError also where an object has two members of one name: one would be lost */
export function parseJson(text: string): JsonValue {
  let offset = 0;

  function fail(fault: string, at = offset): never {
    throw new JsonSyntaxError(text, at, fault);
  }

  function found(): string {
    const code = text.codePointAt(offset);
    if (code === undefined) return "the end of the file";
    const isPrintable = code > 0x20 && code < 0x7f;
    return isPrintable
      ? `\`${String.fromCodePoint(code)}\``
      : `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
  }

  function skipSpace(): void {
    while (offset < text.length) {
      const code = text.charCodeAt(offset);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      offset += 1;
    }
  }

  function take(character: string): boolean {
    if (text[offset] !== character) return false;
    offset += 1;
    return true;
  }

  function match(pattern: RegExp): string | null {
    pattern.lastIndex = offset;
    const result = pattern.exec(text);
    if (result === null) return null;
    offset += result[0].length;
    return result[0];
  }

  function takePlainCharacters(): string {
    const start = offset;
    for (; offset < text.length; offset += 1) {
      const code = text.charCodeAt(offset);
      if (code < 0x20 || code === QUOTE || code === BACKSLASH) break;
    }
    return text.slice(start, offset);
  }

  function parseEscape(): string {
    const start = offset - 1;
    const letter = text[offset] ?? "";
    offset += 1;
    if (letter !== "u") {
      return ESCAPES[letter] ?? fail("an escape that JSON does not have", start);
    }
    const digits = match(/[0-9a-fA-F]{4}/y) ?? fail("\\u needs four hex digits", start);
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  function parseString(): string {
    const start = offset;
    offset += 1;
    let value = "";
    for (;;) {
      value += takePlainCharacters();
      if (take('"')) return value;
      if (take("\\")) value += parseEscape();
      else if (offset >= text.length) fail("a string that does not end", start);
      else fail(`${found()} in a string; it must be escaped`);
    }
  }

  function parseObject(depth: number): JsonObject {
    const members: JsonObject = new Map();
    offset += 1;
    skipSpace();
    if (take("}")) return members;
    for (;;) {
      skipSpace();
      if (text[offset] !== '"') fail(`expected a name in quotes, found ${found()}`);
      const start = offset;
      const name = parseString();
      if (members.has(name)) fail(`the name ${JSON.stringify(name)} for the second time`, start);
      skipSpace();
      if (!take(":")) fail(`expected \`:\`, found ${found()}`);
      members.set(name, parseValue(depth));
      skipSpace();
      if (take("}")) return members;
      if (!take(",")) fail(`expected \`,\` or \`}\`, found ${found()}`);
    }
  }

  function parseArray(depth: number): JsonValue[] {
    const items: JsonValue[] = [];
    offset += 1;
    skipSpace();
    if (take("]")) return items;
    for (;;) {
      items.push(parseValue(depth));
      skipSpace();
      if (take("]")) return items;
      if (!take(",")) fail(`expected \`,\` or \`]\`, found ${found()}`);
    }
  }

  function parseLiteral(): JsonValue {
    for (const [word, value] of WORDS) {
      if (!text.startsWith(word, offset)) continue;
      offset += word.length;
      return value;
    }
    const number = match(NUMBER);
    return number === null ? fail(`expected a value, found ${found()}`) : new JsonNumber(number);
  }

  function parseValue(depth: number): JsonValue {
    if (depth > DEPTH_MAX) fail(`nested deeper than ${DEPTH_MAX} levels`);
    skipSpace();
    const first = text[offset];
    if (first === "{") return parseObject(depth + 1);
    if (first === "[") return parseArray(depth + 1);
    return first === '"' ? parseString() : parseLiteral();
  }

  const value = parseValue(1);
  skipSpace();
  if (offset < text.length) fail(`expected the end of the file, found ${found()}`);
  return value;
}

/** Prints with one member or item a line, as Go's and JavaScript's encoders do. */
export function printJson(value: JsonValue, indent: string, outer = ""): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof JsonNumber) return value.text;
  const inner = outer + indent;
  const isArray = Array.isArray(value);
  const lines = isArray
    ? value.map((item) => printJson(item, indent, inner))
    : Array.from(
        value,
        ([name, member]) => `${JSON.stringify(name)}: ${printJson(member, indent, inner)}`,
      );
  const [open, close] = isArray ? ["[", "]"] : ["{", "}"];
  if (lines.length === 0) return open + close;
  return `${open}\n${lines.map((line) => inner + line).join(",\n")}\n${outer}${close}`;
}
