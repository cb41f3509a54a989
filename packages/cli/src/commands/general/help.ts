import { findCommand } from "../find-command.ts";
import { helpFor } from "../help-text.ts";
import { defineCommand } from "../command.ts";

export const command = defineCommand({
  arguments: { command: { summary: "the command, or its first words", variadic: true } },
  examples: [
    { line: "help", says: "All commands" },
    { line: "help user token get", says: "One of them" },
  ],
  exitCodes: [],
  environment: [],
  async run({ args }, context) {
    const found = findCommand(args.command, context.commands);
    const help = await helpFor({ ...found, rest: ["--help"] }, context.commands);
    if (help === null) throw new Error("help was asked for and not given");
    return help;
  },
});
