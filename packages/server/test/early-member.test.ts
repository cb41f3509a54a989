import { expect, test } from "bun:test";
import { z } from "zod";
import { sendEarly } from "../src/http/early-member.ts";

const SCHEMA = z.object({ rest: z.number() });

/** Sends two elements, then what `rest` comes to. */
function send(rest: Promise<{ rest: number }>) {
  return sendEarly("early", SCHEMA, (tell) => {
    tell({ id: 1 });
    tell({ id: 2 });
    return rest;
  });
}

test("without an element it is a body like any other", async () => {
  expect(await sendEarly("early", SCHEMA, async () => ({ rest: 1 }))).toEqual({
    body: { rest: 1 },
  });
  const failed = sendEarly("early", SCHEMA, () => Promise.reject(new Error("unknown")));
  expect(await failed.catch((error: unknown) => error)).toEqual(new Error("unknown"));
});

test("elements leave before the rest is known, and the whole is one document", async () => {
  const rest = Promise.withResolvers<{ rest: number }>();
  const sent = await send(rest.promise);
  if (!("parts" in sent)) throw new Error("nothing was sent early");
  const reader = sent.parts.getReader();
  let text = "";
  while (!text.endsWith('{"id":2}'))
    text += Buffer.from((await reader.read()).value ?? []).toString();
  expect(text).toBe('{"early":[{"id":1},{"id":2}');
  rest.resolve({ rest: 3 });
  text += Buffer.from((await reader.read()).value ?? []).toString();
  expect(JSON.parse(text)).toEqual({ early: [{ id: 1 }, { id: 2 }], rest: 3 });
  expect((await reader.read()).done).toBe(true);
});

test("where the rest fails the document ends without it", async () => {
  const sent = await send(Promise.reject(new Error("unknown")));
  if (!("parts" in sent)) throw new Error("nothing was sent early");
  expect(await new Response(sent.parts).json()).toEqual({ early: [{ id: 1 }, { id: 2 }] });
});

test("whoever has stopped reading is told nothing more", async () => {
  const rest = Promise.withResolvers<{ rest: number }>();
  let tell = (_element: object): void => {};
  const sent = await sendEarly("early", SCHEMA, (given) => {
    tell = given;
    tell({ id: 1 });
    return rest.promise;
  });
  if (!("parts" in sent)) throw new Error("nothing was sent early");
  await sent.parts.cancel();
  expect(() => tell({ id: 2 })).not.toThrow();
  rest.resolve({ rest: 1 });
  await rest.promise;
});
