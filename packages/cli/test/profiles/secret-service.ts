/** A headless secret service (D-Bus, gnome-keyring) for one command, with a home of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const NEEDED = ["dbus-run-session", "dbus-send", "gnome-keyring-daemon"];

/** The programs that are missing here; where there are any, no secret service can be started. */
export const MISSING_FOR_SECRET_SERVICE = NEEDED.filter((program) => Bun.which(program) === null);

// The daemon goes into the background when it is ready, and does not end with the session.
const SCRIPT = `
printf '\\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null || exit 1
secrets_pid() {
  dbus-send --session --print-reply=literal --dest=org.freedesktop.DBus \\
  /org/freedesktop/DBus org.freedesktop.DBus.GetConnectionUnixProcessID \\
  string:org.freedesktop.secrets 2>/dev/null | tr -dc '0-9 ' | awk '{print $NF}'
}
tries=0
until daemon=$(secrets_pid) && [ -n "$daemon" ]; do
  tries=$((tries + 1))
  [ $tries -lt 100 ] || { echo "no secret service" >&2; exit 1; }
  sleep 0.1
done
"$@"
status=$?
kill "$daemon"
exit $status
`;

/** Runs the command in a session of its own, with an unlocked and empty key ring. */
export async function runWithSecretService(
  command: readonly string[],
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const home = mkdtempSync(join(tmpdir(), "conch-keyring-"));
  try {
    const child = Bun.spawn(["dbus-run-session", "--", "sh", "-c", SCRIPT, "sh", ...command], {
      env: { PATH: process.env["PATH"], HOME: home, XDG_DATA_HOME: home, XDG_RUNTIME_DIR: home },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return { exitCode: await child.exited, stdout, stderr };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
