#!/usr/bin/env node
// Starts the binary for this platform, which npm installed as an optional dependency.
"use strict";
const { spawn } = require("node:child_process");
const { constants } = require("node:os");

const program = "PROGRAM";
const platform = `${process.platform}-${process.arch}`;

function fail(message) {
  console.error(`${program}: ${message}`);
  process.exit(1);
}

function findBinary() {
  const suffix = process.platform === "win32" ? ".exe" : "";
  try {
    return require.resolve(`@conch/${program}-${platform}/bin/${program}${suffix}`);
  } catch {
    return fail(
      `there is no binary for ${platform} here. Either none is made for this platform, ` +
        `or npm was told to leave out optional dependencies; then install without --omit=optional.`,
    );
  }
}

// First: whoever stops this program right after it has started the binary would leave that running.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  // A terminal sends SIGINT to both; what the binary makes of it decides.
  process.on(signal, () => signal === "SIGINT" || child.kill(signal));
}
const child = spawn(findBinary(), process.argv.slice(2), { stdio: "inherit" });
child.on("error", (error) => fail(error.message));
child.on("exit", (code, signal) => {
  process.exit(code ?? 128 + constants.signals[signal]);
});
