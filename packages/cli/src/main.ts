import { createContext } from "./context.ts";
import { runConch } from "./run.ts";

async function main(): Promise<void> {
  process.exit(await runConch(createContext()));
}

void main();
