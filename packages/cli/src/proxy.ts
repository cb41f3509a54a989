/** What the environment says of proxies, as the runtime reads it. */
import type { ClientOptions } from "@conch/client";
import type { CommandContext } from "./command-context.ts";
import { usageError } from "./command-error.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const PROXY_VARIABLE = /^(https?|all)_proxy$/iu;

/**
 * What a client must know of the way to its server. Passwords of proxies are masked from here on.
 *
 * @throws CommandError where the proxy on the way is named in a way that cannot be right
 */
export function wayTo(
  context: CommandContext,
  target: URL,
): Pick<ClientOptions, "probe" | "proxy"> {
  const { env } = context;
  for (const [name, proxy = ""] of Object.entries(env)) {
    if (PROXY_VARIABLE.test(name)) rememberUserInfo(context, proxy);
  }
  const variable = variableFor(env, target);
  if (variable === null) return { probe: context.probe };
  if (mayBeExcepted(env, target)) return {};
  requireUsable(variable, env[variable] ?? "", target);
  return { proxy: variable };
}

/** A proxy's password is a secret, too: as it is, and as it goes over the wire. */
function rememberUserInfo({ masker }: CommandContext, proxy: string): void {
  const { username, password } = URL.parse(proxy) ?? { username: "", password: "" };
  if (password === "") return;
  for (const decode of [String, decodeURIComponentLeniently]) {
    masker.remember(decode(password));
    masker.remember(`${decode(username)}:${decode(password)}`);
  }
}

function decodeURIComponentLeniently(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The variable that names the proxy on the way to a server. */
function variableFor(env: Environment, target: URL): string | null {
  const names = [target.protocol.replace(":", ""), "all"].map((scheme) => `${scheme}_proxy`);
  const spellings = names.flatMap((name) => [name, name.toUpperCase()]);
  return spellings.find((name) => (env[name] ?? "") !== "") ?? null;
}

/** Ranges of addresses count as meant for this server: the runtime knows. */
function mayBeExcepted(env: Environment, { hostname, host }: URL): boolean {
  const exceptions = env["no_proxy"] || env["NO_PROXY"] || "";
  return exceptions.split(/[\s,]+/u).some((exception) => {
    const name = exception.toLowerCase().replace(/^\./u, "");
    if (name === "") return false;
    if (name === "*" || name.includes("/") || name === host) return true;
    return hostname === name || hostname.endsWith(`.${name}`);
  });
}

/** Refuses what the runtime would take for another host: `user:password@proxy` for `user`. */
function requireUsable(variable: string, proxy: string, { hostname }: URL): void {
  const hasScheme = proxy.includes("://");
  const url = URL.parse(hasScheme ? proxy : `http://${proxy.replace(/^\/\//u, "")}`);
  const isUsable =
    url !== null &&
    !/\s/u.test(proxy) &&
    /^https?:$/u.test(url.protocol) &&
    (hasScheme || url.username === "");
  if (isUsable) return;
  // Not shown: it may hold a password.
  throw usageError(
    `${variable} does not name a proxy as http://HOST:PORT or http://USER:PASSWORD@HOST:PORT`,
    `correct it, unset it, or name ${hostname} in NO_PROXY; nothing was sent`,
  );
}
