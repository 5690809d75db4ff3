import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { parseAnswer } from '../../../adapters/llm/form';
import { ModelFailureKind } from '../../../adapters/llm/failure';
import {
  createLocalModel,
  type LocalModel,
  type LocalModelOptions,
} from '../../../adapters/llm/local/local-model';
import type { ModelRequest } from '../../../adapters/llm/port';
import { writeParrotGguf, writeTinyGguf } from './tiny-gguf';

const folder = mkdtempSync(join(tmpdir(), 'ballast-llm-'));
const path = join(folder, 'tiny.gguf');
const options: LocalModelOptions = { path, sequences: 3, contextTokens: 2048, maxThreads: 1, gpu: false };

let model: LocalModel;
let parrot: LocalModel;
beforeAll(async () => {
  writeTinyGguf(path);
  model = await createLocalModel(options);
  writeParrotGguf(join(folder, 'parrot.gguf'), '\n||call: size');
  parrot = await createLocalModel({ ...options, path: join(folder, 'parrot.gguf'), sequences: 1 });
});
afterAll(async () => {
  await model.close();
  await parrot.close();
  rmSync(folder, { recursive: true });
});

const form = {
  name: 'sentiment',
  schema: z.strictObject({
    label: z.enum(['bullish', 'bearish', 'neutral']),
    sentiment: z.number().min(-1).max(1).multipleOf(0.1),
  }),
};
const ask = (user: string, change: Partial<ModelRequest> = {}): ModelRequest => ({
  messages: [
    { role: 'system', content: 'Score the headline, and nothing else.' },
    { role: 'user', content: user },
  ],
  form,
  maxTokens: 64,
  temperature: 0,
  seed: 1,
  ...change,
});
const never = new AbortController().signal;
const kindOf = (call: Promise<unknown>) =>
  call.then(
    () => 'answered',
    (error: unknown) => (error as { kind?: string }).kind,
  );

it('answers in the form that was asked for, the same each time', async () => {
  const first = await model.complete(ask('ETF approved'), { signal: never });
  expect(form.schema.safeParse(parseAnswer(form, first)).success).toBe(true);
  expect(first.usage.outputTokens).toBeGreaterThan(10);
  expect(await model.complete(ask('ETF approved'), { signal: never })).toEqual(first);
});

it('samples by its seed', async () => {
  const hot = (seed: number) =>
    model.complete(ask('x', { form: undefined, temperature: 2, seed, maxTokens: 12 }), { signal: never });
  const [one, again, other] = [await hot(1), await hot(1), await hot(2)];
  expect(again.text).toBe(one.text);
  expect(other.text).not.toBe(one.text);
});

it('answers more questions at once than it has sequences, each as if it were alone', async () => {
  const headlines = ['Exchange hacked', 'Rate cut', 'Nothing happens', 'Fund buys', 'Miner sells'];
  const together = await Promise.all(headlines.map((text) => model.complete(ask(text), { signal: never })));
  for (const [index, text] of headlines.entries())
    expect(await model.complete(ask(text), { signal: never })).toEqual(together[index]);
});

it('computes what prompts have in common once', async () => {
  const computed = async (user: string): Promise<number> => {
    const before = model.computedTokens();
    await model.complete(ask(user, { maxTokens: 64 }), { signal: never });
    return model.computedTokens() - before;
  };
  // The sequence that was given back last is the one that is lent next.
  await computed('Exchange hacked');
  const { tokens } = await model.countTokens('Score the headline, and nothing else.');
  const whole = (await model.complete(ask('Rate cut'), { signal: never })).usage.inputTokens;
  expect(await computed('Fund buys')).toBeLessThan(whole - tokens);
});

it.each([18, 24, 29])('asks for a tool by a grammar of its parameters (seed %i)', async (seed) => {
  const parameters = z.strictObject({ side: z.enum(['buy', 'sell']), quantity: z.int().min(1).max(9) });
  const tools = [{ name: 'size_position', description: 'Sizes a position.', parameters }];
  // Of thirty seeds these are the ones by which it happens upon the beginning of a call; the rest is left to the grammar.
  const request = ask('Size it', { form: undefined, tools, temperature: 1, maxTokens: 60, seed });
  const { toolCalls, usage } = await parrot.complete(request, { signal: never });
  expect(toolCalls).toMatchObject([{ id: 'call-0', name: 'size_position' }]);
  expect(parameters.safeParse(JSON.parse(toolCalls[0]?.arguments ?? '')).success).toBe(true);
  expect(usage.outputTokens).toBeGreaterThan(10);
});

it('hears what a tool said', async () => {
  const turn = ask('Size it', { form: undefined, maxTokens: 4 });
  const said = { id: 'call-0', name: 'size_position', arguments: '{"side":"buy","quantity":5}' };
  const heard = (content: string): ModelRequest => ({
    ...turn,
    messages: [
      ...turn.messages,
      { role: 'assistant', content: '', toolCalls: [said] },
      { role: 'tool', toolCallId: 'call-0', toolName: 'size_position', content },
    ],
  });
  const tokens = async (content: string) =>
    (await model.complete(heard(content), { signal: never })).usage.inputTokens;
  expect((await tokens('"sized it"')) - (await tokens('""'))).toBe('sized it'.length);
});

it('ends when it is told to, also while it waits for a sequence, and answers afterwards', async () => {
  const controller = new AbortController();
  const long = ask('Go on', { form: undefined, temperature: 2, maxTokens: 800 });
  const calls = Array.from({ length: 5 }, (_, seed) =>
    kindOf(model.complete({ ...long, seed }, { signal: controller.signal })),
  );
  controller.abort();
  expect(await Promise.all(calls)).toEqual(calls.map(() => ModelFailureKind.Cancelled));
  expect((await model.complete(ask('After'), { signal: never })).text).toContain('label');
});

it('refuses what does not fit, instead of forgetting a part of it', async () => {
  const call = model.complete(ask('word '.repeat(450)), { signal: never });
  await expect(call).rejects.toMatchObject({ kind: ModelFailureKind.Rejected });
});

it('says that an answer was cut off', async () => {
  const call = model.complete(ask('x', { maxTokens: 5 }), { signal: never });
  await expect(call).rejects.toMatchObject({
    kind: ModelFailureKind.Malformed,
    detail: { usage: { outputTokens: 5 } },
  });
});

it('embeds texts and counts tokens', async () => {
  const { vectors, inputTokens } = await model.embed(['a', 'b', 'a'], { signal: never });
  expect(vectors.map(({ length }) => length)).toEqual([32, 32, 32]);
  expect(vectors[2]).toEqual(vectors[0]);
  expect(vectors[1]).not.toEqual(vectors[0]);
  expect(inputTokens).toBe(3);
  expect(await model.countTokens('four')).toEqual({ tokens: 4, exact: true });
});

it.each([
  ['is no GGUF', 'PK\u0003\u0004 something', 'something that is no GGUF'],
  ['is of an unknown version', 'GGUF\u0009\0\0\0', 'a GGUF of version 9'],
  ['is cut short', 'GGUF\u0003\0\0\0', 'cannot be loaded'],
])('refuses a file that %s', async (_what, content, message) => {
  const file = join(folder, 'other.gguf');
  writeFileSync(file, content);
  await expect(createLocalModel({ ...options, path: file })).rejects.toThrow(message);
});
