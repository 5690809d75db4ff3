import { z } from 'zod';
import { createCallLog } from '../../../adapters/llm/call-log';
import { ModelFailureKind } from '../../../adapters/llm/failure';
import { createModelManager, type ModelManager } from '../../../adapters/llm/manager';
import { modelEntries, type ModelSettings } from '../../../adapters/llm/open-models';
import { loadPrompt } from '../../../adapters/llm/prompt';
import { decimal } from '../../../domain/decimal';
import { createBench, type Bench } from '../store/support';
import { anthropicWire, openAiWire, startVendor, type Behaviour, type VendorServer } from './vendor-server';

const WIRES = { openai: openAiWire, compatible: openAiWire, anthropic: anthropicWire } as const;
type Vendor = keyof typeof WIRES;

const GOOD = '{"label":"bullish","sentiment":0.5}';
const text = (...parts: string[]): Behaviour => ({ kind: 'text', parts });
const question = {
  role: 'analyst',
  prompt: loadPrompt('headline-sentiment', 1),
  values: { asset: 'BTC', headline: 'ETF approved' },
  form: {
    name: 'verdict',
    schema: z.strictObject({ label: z.enum(['bullish', 'bearish']), sentiment: z.number().min(-1).max(1) }),
  },
  maxTokens: 100,
};

/** Budget and record, on the server that BALLAST_TEST_POSTGRES_URL names. */
let bench: Bench;
beforeAll(async () => {
  bench = await createBench();
});
afterAll(() => bench.close());

/** The manager on real providers, whose servers do what vendors' servers do. */
describe.each(Object.keys(WIRES) as Vendor[])('the manager, asking %s', (vendor) => {
  let server: VendorServer;
  const managers: ModelManager[] = [];
  beforeAll(async () => {
    server = await startVendor(WIRES[vendor]);
  });
  afterAll(async () => {
    await Promise.all(managers.map((manager) => manager.close()));
    await server.close();
  });
  beforeEach(async () => {
    server.requests.length = 0;
    await bench.pool.query('TRUNCATE model_calls, model_budgets, model_answers');
  });

  const ask = (behaviours: Behaviour[], change: Partial<ModelSettings> = {}) => {
    server.behaviours = behaviours;
    const settings: ModelSettings = {
      ...{ name: 'remote', provider: vendor, model: 'm-1', sampling: true },
      baseUrl: vendor === 'anthropic' ? server.url : `${server.url}/v1`,
      price: { inputPerMillionUsd: decimal('1'), outputPerMillionUsd: decimal('10') },
      ...{ concurrency: 1, timeoutMs: 20_000, retries: 1 },
      local: { sequences: 1, contextTokens: 128, maxThreads: 1, gpu: false },
      ...change,
    };
    const key = { reveal: () => 'sk-0123456789' };
    const manager = createModelManager({
      models: modelEntries([settings], { openaiApiKey: key, anthropicApiKey: key, compatibleApiKey: key }),
      roles: { analyst: ['remote'] },
      log: createCallLog(bench.pool),
      ...{ deadlineMs: 30_000, cacheTtlMs: 0, replay: 'off', nowMs: Date.now },
      monthlyBudgetUsd: decimal('1'),
    });
    managers.push(manager);
    return manager.ask(question);
  };
  const spent = async (): Promise<readonly string[]> =>
    (
      await bench.pool.query<{ cost: string }>('SELECT cost_usd AS cost FROM model_calls ORDER BY call_id')
    ).rows.map(({ cost }) => cost);
  /** 11 tokens in and 7 out, as the servers count them. */
  const PAID = '0.000081';

  it.each([
    ['429 with Retry-After', { kind: 'status', status: 429, headers: { 'retry-after': '0' } }],
    ['503', { kind: 'status', status: 503 }],
    ['529', { kind: 'status', status: 529 }],
  ] as const)('asks once more after %s, which costs nothing', async (_what, behaviour) => {
    expect(await ask([behaviour, text(GOOD)])).toMatchObject({ answered: true, value: { sentiment: 0.5 } });
    expect(await spent()).toEqual(['0', PAID]);
  });

  it('leaves a server alone that asks for more patience than an answer is worth', async () => {
    const reply = await ask([{ kind: 'status', status: 429, headers: { 'retry-after': '30' } }]);
    expect(reply).toMatchObject({ answered: false, kind: ModelFailureKind.RateLimited });
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ['JSON that is cut off', text('{"label":"bul')],
    ['another schema', text('{"action":"buy","size":1000}')],
    ['words', text('I would ', 'buy.')],
    ['nothing', text('')],
  ])('has %s mended once, and no answer when it stays so', async (_what, bad) => {
    expect(await ask([bad, text(GOOD)])).toMatchObject({ answered: true, isRepaired: true });
    const reply = await ask([bad]);
    expect(reply).toMatchObject({ answered: false, kind: ModelFailureKind.Malformed });
    expect(reply).not.toHaveProperty('value');
    expect(await spent()).toEqual([PAID, PAID, PAID, PAID]);
  });

  it('takes a refusal for no answer', async () => {
    const reply = await ask([{ kind: 'refusal', text: 'I cannot help with that.' }]);
    expect(reply).toMatchObject({ answered: false, kind: ModelFailureKind.Refused });
  });

  it.each([
    ['silence', { kind: 'silence' }],
    ['a slow drip', { kind: 'text', parts: Array<string>(10_000).fill(' '), delayMs: 5 }],
  ] as const)(
    'goes on without after %s, charged at the most that it can have cost',
    async (_what, behaviour) => {
      const reply = await ask([behaviour], { timeoutMs: 100, retries: 0 });
      expect(reply).toMatchObject({ answered: false, kind: ModelFailureKind.Deadline });
      const { rows } = await bench.pool.query('SELECT 1 FROM model_calls WHERE cost_usd = reserved_usd');
      expect(rows).toHaveLength(1);
    },
  );
});
