/** Runs in a worker: assessing takes 100 ms and more. Answers each message with one. */
import { parentPort } from "node:worker_threads";
import { ZxcvbnFactory } from "@zxcvbn-ts/core";
import * as common from "@zxcvbn-ts/language-common";
import * as english from "@zxcvbn-ts/language-en";

/** What the worker is asked. */
export interface StrengthQuestion {
  readonly password: string;
  readonly known: readonly string[];
}

/** What it answers. */
export interface StrengthAnswer {
  readonly score: number;
  readonly advice: string;
}

const zxcvbn = new ZxcvbnFactory({
  dictionary: { ...common.dictionary, ...english.dictionary },
  graphs: common.adjacencyGraphs,
  translations: english.translations,
});

parentPort?.on("message", (question: StrengthQuestion) => {
  const { score, feedback } = zxcvbn.check(question.password, [...question.known]);
  const advice = [feedback.warning ?? "", ...feedback.suggestions]
    .filter((text) => text !== "")
    .join(" ");
  parentPort?.postMessage({ score, advice } satisfies StrengthAnswer);
});
