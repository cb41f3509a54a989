/** The environment of every process under test. Extra CA certificates slow the start of Node. */
export function benchEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, ...rest } = process.env;
  return { ...rest, NODE_ENV: "production", ...extra };
}
