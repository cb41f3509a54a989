// field PATH: prints one value of the JSON document on stdin; keys and indexes are joined by dots.
let value: unknown = JSON.parse(await Bun.stdin.text());
for (const key of (process.argv[2] ?? "").split(".").filter((part) => part !== "")) {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) {
    console.error(`field: no ${key}`);
    process.exit(99);
  }
  value = (value as Record<string, unknown>)[key];
}
console.log(typeof value === "string" ? value : JSON.stringify(value));
