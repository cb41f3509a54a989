// npm run docs: man pages (dist/man) and a reference of all commands (dist/docs), made from the same
// definitions as help and completion. Not committed, so they cannot go stale.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BUILD_COMMANDS } from "../packages/cli/src/commands/index.ts";
import {
  commandHelp,
  GLOBAL_ROWS,
  type CommandHelp,
} from "../packages/cli/src/commands/help-text.ts";
import { EXIT_MEANINGS } from "../packages/cli/src/exit-codes.ts";
import { ROOT } from "./binaries.ts";
import manifest from "../package.json" with { type: "json" };

const DIST = join(ROOT, "dist");

/** `conch-user-token-create`: the name of a command's page. */
function pageName(help: CommandHelp): string {
  return `conch-${help.command.toLowerCase().replaceAll(" ", "-")}`;
}

/** Text as roff prints it unchanged. */
function roff(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll(/^(['.])/gmu, "\\&$1");
}

interface Row {
  readonly name: string;
  readonly summary: string;
}

function roffRows(title: string, rows: readonly Row[]): string {
  if (rows.length === 0) return "";
  const items = rows.map(({ name, summary }) => `.TP\n.B ${roff(name)}\n${roff(summary)}`);
  return `.SH ${title}\n${items.join("\n")}\n`;
}

function header(name: string, summary: string): string {
  const title = `.TH "${roff(name.toUpperCase())}" 1 "" "conch ${manifest.version}" "Conch"\n`;
  return `${title}.SH NAME\n${roff(name)} \\- ${roff(summary)}\n`;
}

function manPage(help: CommandHelp): string {
  const examples = help.examples.map(
    ({ line, says }) => `.PP\n${roff(says)}:\n.PP\n.nf\n    ${roff(line)}\n.fi\n`,
  );
  const codes = help.exit_codes.map(({ code, meaning }) => ({ name: `${code}`, summary: meaning }));
  return [
    header(pageName(help), help.summary),
    `.SH SYNOPSIS\n.B ${roff(help.usage)}\n`,
    help.description === null ? "" : `.SH DESCRIPTION\n${roff(help.description)}\n`,
    roffRows("ARGUMENTS", help.arguments),
    roffRows("OPTIONS", help.options),
    roffRows("GLOBAL OPTIONS", GLOBAL_ROWS),
    `.SH EXAMPLES\n${examples.join("")}`,
    roffRows("EXIT STATUS", codes),
    roffRows("ENVIRONMENT", help.environment),
    ".SH SEE ALSO\n.BR conch (1)\n",
  ].join("");
}

function overviewPage(pages: readonly CommandHelp[]): string {
  const commands = pages.map((help) => ({ name: `conch ${help.command}`, summary: help.summary }));
  const codes = Object.entries(EXIT_MEANINGS).map(([name, summary]) => ({ name, summary }));
  return [
    header("conch", "API tokens for people and the machines that work for them"),
    ".SH SYNOPSIS\n.B conch COMMAND [options]\n",
    roffRows("COMMANDS", commands),
    roffRows("GLOBAL OPTIONS", GLOBAL_ROWS),
    roffRows("EXIT STATUS", codes),
  ].join("");
}

function markdownRows(title: string, rows: readonly Row[]): string {
  if (rows.length === 0) return "";
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const lines = rows.map(({ name, summary }) => `| \`${cell(name)}\` | ${cell(summary)} |`);
  return `\n| ${title} | |\n| --- | --- |\n${lines.join("\n")}\n`;
}

function reference(help: CommandHelp): string {
  const examples = help.examples.map(({ line, says }) => `# ${says}\n${line}`).join("\n");
  const aliases = help.aliases.length === 0 ? "" : `\nAliases: ${help.aliases.join(", ")}\n`;
  return [
    `\n## conch ${help.command}\n\n${help.summary}.\n`,
    help.description === null ? "" : `\n${help.description}\n`,
    `\n    ${help.usage}\n`,
    aliases,
    markdownRows("Argument", help.arguments),
    markdownRows("Option", help.options),
    `\n\`\`\`sh\n${examples}\n\`\`\`\n`,
    `\nExit codes: ${help.exit_codes.map(({ code }) => code).join(", ")}.`,
    help.environment.length === 0
      ? "\n"
      : ` Reads: ${help.environment.map(({ name }) => `\`${name}\``).join(", ")}.\n`,
  ].join("");
}

const pages = await Promise.all(
  BUILD_COMMANDS.map(async (entry) => commandHelp(entry, (await entry.load()).command)),
);
const man = join(DIST, "man");
await rm(man, { recursive: true, force: true });
await mkdir(man, { recursive: true });
await mkdir(join(DIST, "docs"), { recursive: true });
await writeFile(join(man, "conch.1"), overviewPage(pages));
for (const help of pages) await writeFile(join(man, `${pageName(help)}.1`), manPage(help));
const codes = Object.entries(EXIT_MEANINGS).map(([name, summary]) => ({ name, summary }));
await writeFile(
  join(DIST, "docs", "commands.md"),
  [
    `# The commands of conch ${manifest.version}\n`,
    markdownRows("Global option", GLOBAL_ROWS),
    markdownRows("Exit code", codes),
    ...pages.map(reference),
  ].join(""),
);
console.log(`dist/man: ${pages.length + 1} pages\ndist/docs/commands.md`);
