import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { createCallLog } from '../../../adapters/llm/call-log';
import { createModelManager, type ModelManager } from '../../../adapters/llm/manager';
import { modelEntries, type ModelSettings } from '../../../adapters/llm/open-models';
import { loadPrompt } from '../../../adapters/llm/prompt';
import { decimal } from '../../../domain/decimal';
import { createBench, type Bench } from '../store/support';
import { writeTinyGguf } from './tiny-gguf';

const folder = mkdtempSync(join(tmpdir(), 'ballast-open-models-'));
const local = { sequences: 2, contextTokens: 1024, maxThreads: 1, gpu: false } as const;
const settings = (name: string, change: Partial<ModelSettings>): ModelSettings => ({
  ...{ name, provider: 'local', model: join(folder, 'tiny.gguf'), sampling: true, local },
  ...{ concurrency: 2, timeoutMs: 30_000, retries: 0 },
  ...change,
});
const available = [
  settings('gone', { model: join(folder, 'gone.gguf') }),
  settings('away', { provider: 'compatible', baseUrl: 'http://127.0.0.1:9/v1', model: 'm' }),
  settings('tiny', {}),
];

/** On the server that BALLAST_TEST_POSTGRES_URL names. */
let bench: Bench;
const managers: ModelManager[] = [];
beforeAll(async () => {
  writeTinyGguf(join(folder, 'tiny.gguf'));
  bench = await createBench();
});
afterAll(async () => {
  await Promise.all(managers.map((manager) => manager.close()));
  await bench.close();
  rmSync(folder, { recursive: true });
});

const managerOf = (replay: 'off' | 'refuse'): ModelManager => {
  const manager = createModelManager({
    models: modelEntries(available, {}),
    roles: { scorer: ['gone', 'away', 'tiny'] },
    log: createCallLog(bench.pool),
    ...{ deadlineMs: 60_000, monthlyBudgetUsd: decimal('0'), cacheTtlMs: 0, replay, nowMs: Date.now },
  });
  managers.push(manager);
  return manager;
};

it('a chain ends at the model that runs here, free of charge, and its answers are replayed', async () => {
  const form = { name: 'score', schema: z.strictObject({ label: z.enum(['bullish', 'bearish']) }) };
  const prompt = loadPrompt('headline-sentiment', 1);
  const question = { role: 'scorer', prompt, form, maxTokens: 40 };
  const ask = (manager: ModelManager, headline: string) =>
    manager.ask({ ...question, values: { asset: 'BTC', headline } });
  const manager = managerOf('off');
  const headlines = ['Exchange hacked', 'Fund buys', 'Rate cut', 'Nothing happens'];
  const replies = await Promise.all(headlines.map((headline) => ask(manager, headline)));
  for (const reply of replies)
    expect(reply).toMatchObject({
      ...{ answered: true, model: 'tiny', value: { label: expect.stringMatching(/^b/) as string } },
      tried: [
        { model: 'gone', kind: 'rejected' },
        { model: 'away', kind: 'unavailable' },
      ],
    });
  const replayed = managerOf('refuse');
  const again = await Promise.all(headlines.map((headline) => ask(replayed, headline)));
  expect(again.map((reply) => reply.answered && reply.value)).toEqual(
    replies.map((reply) => reply.answered && reply.value),
  );
  await expect(ask(replayed, 'Never asked')).rejects.toThrow(/answer of tiny \(gguf:[0-9a-f]{64}\)/);
});
