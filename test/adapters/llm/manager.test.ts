import { z } from 'zod';
import { createAnonymiser } from '../../../adapters/llm/anonymiser';
import { createCallLog, type CallLog, type CallPlan } from '../../../adapters/llm/call-log';
import { ModelFailure, ModelFailureKind } from '../../../adapters/llm/failure';
import type { ModelEntry } from '../../../adapters/llm/managed-model';
import type { ManagerOptions } from '../../../adapters/llm/asker';
import { createModelManager, type ModelManager } from '../../../adapters/llm/manager';
import type { ModelAnswer, ModelRequest } from '../../../adapters/llm/port';
import { loadPrompt } from '../../../adapters/llm/prompt';
import { decimal } from '../../../domain/decimal';
import { createBench, type Bench } from '../store/support';

/** On the server that BALLAST_TEST_POSTGRES_URL names. */
let bench: Bench;
let log: CallLog;
beforeAll(async () => {
  bench = await createBench();
  log = createCallLog(bench.pool);
});
afterAll(() => bench.close());
const managers: ModelManager[] = [];
beforeEach(() => bench.pool.query('TRUNCATE model_calls, model_budgets, model_answers'));
afterEach(async () => {
  await Promise.all(managers.splice(0).map((manager) => manager.close()));
});

const NOW_MS = Date.UTC(2026, 0, 15);
const GOOD = '{"label":"bullish","sentiment":0.5}';
const said = (text: string): ModelAnswer => ({
  text,
  toolCalls: [],
  usage: { inputTokens: 1_000, outputTokens: 100 },
});
const form = {
  name: 'sentiment',
  schema: z.strictObject({
    label: z.enum(['bullish', 'bearish']),
    sentiment: z.number().min(-1).max(1),
    why: z.string().optional(),
  }),
};
const question = {
  role: 'scorer',
  prompt: loadPrompt('headline-sentiment', 1),
  values: { asset: 'BTC', headline: 'ETF approved' },
  form,
  maxTokens: 100,
};

type Say = (request: ModelRequest, call: number, signal: AbortSignal) => ModelAnswer | Promise<ModelAnswer>;
interface Scripted extends ModelEntry {
  readonly requests: ModelRequest[];
}

/** A model that says what a test tells it to. */
function scripted(name: string, say: Say, change: Partial<ModelEntry> = {}): Scripted {
  const requests: ModelRequest[] = [];
  return {
    name,
    requests,
    identity: () => Promise.resolve(`scripted:${name}`),
    open: () =>
      Promise.resolve({
        identity: `scripted:${name}`,
        abilities: { tools: true, embeddings: false, reproducible: true },
        complete: async (request, { signal }) => {
          requests.push(request);
          return say(request, requests.length, signal);
        },
        embed: () => Promise.reject(new Error('not scripted')),
        countTokens: () => Promise.reject(new Error('not scripted')),
        close: () => Promise.resolve(),
      }),
    price: { inputPerMillionUsd: decimal('3'), outputPerMillionUsd: decimal('15') },
    concurrency: 4,
    queue: 4,
    timeoutMs: 5_000,
    retries: 2,
    breaker: { failures: 3, coolMs: 60_000 },
    ...change,
  };
}

const fails = (kind: ModelFailureKind, retryAfterMs?: number): never => {
  throw new ModelFailure(kind, `told to be ${kind}`, retryAfterMs === undefined ? {} : { retryAfterMs });
};

function managerOf(models: readonly ModelEntry[], change: Partial<ManagerOptions> = {}): ModelManager {
  const manager = createModelManager({
    models,
    roles: { scorer: models.map(({ name }) => name) },
    log,
    deadlineMs: 5_000,
    monthlyBudgetUsd: decimal('100'),
    cacheTtlMs: 0,
    replay: 'off',
    nowMs: () => NOW_MS,
    ...change,
  });
  managers.push(manager);
  return manager;
}

const calls = async () =>
  (await bench.pool.query<Record<string, unknown>>('SELECT * FROM model_calls ORDER BY call_id')).rows;

describe('a question', () => {
  it('is answered and recorded whole', async () => {
    const manager = managerOf([scripted('a', () => said(GOOD))]);
    const reply = await manager.ask({ ...question, seed: 7 });
    expect(reply).toMatchObject({
      answered: true,
      value: { label: 'bullish', sentiment: 0.5 },
      model: 'a',
      source: 'model',
      isRepaired: false,
    });
    expect(await calls()).toMatchObject([
      {
        ...{
          role: 'scorer',
          prompt: 'headline-sentiment',
          prompt_version: 1,
          prompt_hash: question.prompt.hash,
          model: 'a',
        },
        ...{
          model_identity: 'scripted:a',
          seed: '7',
          temperature: 0,
          input_tokens: 1_000,
          output_tokens: 100,
          raw_answer: GOOD,
        },
        ...{
          outcome: 'answered',
          cost_usd: '0.0045',
          attempt: 1,
          is_repair: false,
          latency_ms: 0,
          failure: null,
        },
      },
    ]);
    expect(await log.budget('2026-01')).toMatchObject({ spentUsd: '0.0045', reservedUsd: '0' });
  });

  it('gets one chance to be mended, with what was wrong', async () => {
    const model = scripted('a', (_request, call) => said(call === 1 ? '{"label":"up","sentiment":9}' : GOOD));
    const reply = await managerOf([model]).ask(question);
    expect(reply).toMatchObject({ answered: true, value: { sentiment: 0.5 }, isRepaired: true });
    expect(model.requests[1]?.messages.slice(2)).toMatchObject([
      { role: 'assistant', content: '{"label":"up","sentiment":9}' },
      { role: 'user', content: expect.stringMatching(/label: .*sentiment: /) as string },
    ]);
    expect((await calls()).map(({ is_repair }) => is_repair)).toEqual([false, true]);
  });

  it.each([
    '',
    'null',
    '[]',
    '{"label":"bullish"}',
    '{"label":"bullish","sentiment":0.5,"order":"buy"}',
    'Sure! {"label":"bullish","sentiment":1}',
  ])('has no answer rather than a guess when all that is said is %j', async (text) => {
    const model = scripted('a', () => said(text));
    const reply = await managerOf([model]).ask(question);
    expect(reply).toMatchObject({ answered: false, kind: ModelFailureKind.Malformed });
    expect(reply).not.toHaveProperty('value');
    expect(model.requests).toHaveLength(2);
  });

  it.each([
    [ModelFailureKind.Unavailable, 3],
    [ModelFailureKind.Refused, 1],
    [ModelFailureKind.Rejected, 1],
  ])('goes to the next model when one is %s, after %i attempts', async (kind, attempts) => {
    const first = scripted('a', () => fails(kind));
    const reply = await managerOf([first, scripted('b', () => said(GOOD))]).ask(question);
    expect(reply).toMatchObject({ answered: true, model: 'b', tried: [{ model: 'a', kind }] });
    expect(first.requests).toHaveLength(attempts);
  });

  it('waits as the server asks when that is short, else asks the next one and leaves it alone', async () => {
    const soon = scripted('a', (_request, call) =>
      call === 1 ? fails(ModelFailureKind.RateLimited, 20) : said(GOOD),
    );
    expect(await managerOf([soon], { nowMs: Date.now }).ask(question)).toMatchObject({
      answered: true,
      model: 'a',
    });
    const later = scripted('a', () => fails(ModelFailureKind.RateLimited, 60_000));
    const manager = managerOf([later, scripted('b', () => said(GOOD))]);
    await manager.ask(question);
    expect(await manager.ask(question)).toMatchObject({
      model: 'b',
      tried: [{ kind: ModelFailureKind.RateLimited }],
    });
    expect(later.requests).toHaveLength(1);
  });

  it('is not put to a model whose circuit is open, until it has rested', async () => {
    // The library's clock.
    const clock = jest.spyOn(Date, 'now').mockReturnValue(NOW_MS);
    try {
      let healthy = false;
      const model = scripted('a', () => (healthy ? said(GOOD) : fails(ModelFailureKind.Unavailable)), {
        ...{ retries: 0, breaker: { failures: 2, coolMs: 60_000 } },
      });
      const manager = managerOf([model]);
      for (const seed of [1, 2, 3, 4]) await manager.ask({ ...question, seed });
      expect(model.requests).toHaveLength(2);
      healthy = true;
      clock.mockReturnValue(NOW_MS + 59_999);
      expect(await manager.ask(question)).toMatchObject({ answered: false });
      clock.mockReturnValue(NOW_MS + 60_000);
      expect(await manager.ask(question)).toMatchObject({ answered: true });
      expect(model.requests).toHaveLength(3);
    } finally {
      clock.mockRestore();
    }
  });

  it('is gone without when its time is over, though the model does not listen', async () => {
    const deaf = scripted('a', () => new Promise<ModelAnswer>(() => undefined));
    const manager = managerOf([deaf]);
    expect(await manager.ask(question, { deadlineMs: 500 })).toMatchObject({
      answered: false,
      kind: ModelFailureKind.Deadline,
    });
    await manager.close();
    // What it cost nobody knows: the most that it can have.
    const [call] = await calls();
    expect(call).toMatchObject({ outcome: 'deadline', cost_usd: call?.reserved_usd });
  });

  it('leaves the next model its turn when one takes too long', async () => {
    const slow = scripted('a', () => new Promise<ModelAnswer>(() => undefined), { timeoutMs: 20 });
    const reply = await managerOf([slow, scripted('b', () => said(GOOD))]).ask(question);
    expect(reply).toMatchObject({ answered: true, model: 'b', tried: [{ kind: ModelFailureKind.Deadline }] });
  });

  it('ends with whoever asked', async () => {
    const controller = new AbortController();
    const model = scripted('a', () => {
      controller.abort();
      return new Promise<ModelAnswer>(() => undefined);
    });
    const reply = await managerOf([model, scripted('b', () => said(GOOD))]).ask(question, {
      signal: controller.signal,
    });
    expect(reply).toMatchObject({ answered: false, kind: ModelFailureKind.Cancelled });
  });

  it('is answered from the cache for a while', async () => {
    let nowMs = NOW_MS;
    const model = scripted('a', () => said(GOOD));
    const manager = managerOf([model], { cacheTtlMs: 1_000, nowMs: () => nowMs });
    const sources = [];
    for (const atMs of [0, 999, 1_001]) {
      nowMs = NOW_MS + atMs;
      const reply = await manager.ask(question);
      sources.push(reply.answered ? reply.source : 'none');
    }
    expect(sources).toEqual(['model', 'cache', 'model']);
  });

  it('runs as many at once as the model allows, and refuses what nobody could wait for', async () => {
    const gate = Promise.withResolvers<ModelAnswer>();
    const model = scripted('a', () => gate.promise, { concurrency: 2, queue: 3 });
    const manager = managerOf([model]);
    const asking = Array.from({ length: 8 }, (_, seed) => manager.ask({ ...question, seed }));
    // Those that nobody could wait for are told at once; then everything is as it stays until the gate opens.
    await Promise.any(asking);
    while (model.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(model.requests).toHaveLength(2);
    gate.resolve(said(GOOD));
    const replies = await Promise.all(asking);
    expect(replies.filter(({ answered }) => answered)).toHaveLength(5);
  });

  it('needs a model for its role', async () => {
    await expect(managerOf([], { roles: { scorer: [] } }).ask(question)).rejects.toThrow('role "scorer"');
  });

  it('shows the model no names, dates or prices, and tells its answer with the real ones', async () => {
    const model = scripted('a', ({ messages }) => {
      const name = /Asset: (\S+)/.exec(messages[1]?.content ?? '')?.[1] ?? '';
      return said(JSON.stringify({ label: 'bullish', sentiment: 1, why: `${name} may reach 150i` }));
    });
    const values = { asset: 'Bitcoin', headline: 'Bitcoin at $40,000 on January 11, 2024' };
    const reply = await managerOf([model]).ask({
      ...question,
      values,
      anonymiser: createAnonymiser({ referencePrice: 40_000 }),
    });
    expect(JSON.stringify(model.requests)).not.toMatch(/bitcoin|2024|january|40,000/i);
    expect(reply).toMatchObject({ answered: true, value: { why: 'Bitcoin may reach 60000' } });
  });
});

describe('a turn with tools', () => {
  const tools = [
    { name: 'get_price', description: 'The price.', parameters: z.strictObject({ symbol: z.string() }) },
  ];
  const turn = {
    role: 'scorer',
    prompt: question.prompt,
    messages: [{ role: 'user' as const, content: 'x' }],
    tools,
    maxTokens: 100,
  };
  const asks = (name: string, args: string): ModelAnswer => ({
    ...said(''),
    toolCalls: [{ id: '1', name, arguments: args }],
  });

  it('asks for a tool that it was given', async () => {
    const reply = await managerOf([scripted('a', () => asks('get_price', '{"symbol":"BTC/USDT"}'))]).converse(
      turn,
    );
    expect(reply).toMatchObject({ answered: true, value: { toolCalls: [{ name: 'get_price' }] } });
  });

  it.each([
    ['a tool that it was not given', asks('withdraw_all', '{}')],
    ['arguments that do not fit', asks('get_price', '{"symbol":1}')],
    ['arguments that are no JSON', asks('get_price', '{"symbol":')],
  ])('does not get through with %s', async (_what, answer) => {
    const reply = await managerOf([scripted('a', () => answer)]).converse(turn);
    expect(reply).toMatchObject({ answered: false, kind: ModelFailureKind.Malformed });
  });
});

describe('the budget', () => {
  const PLAN: CallPlan = {
    ...{
      role: 'scorer',
      requestHash: 'h',
      prompt: question.prompt,
      model: 'a',
      modelIdentity: 'a',
      seed: 0,
      temperature: 0,
    },
    ...{ attempt: 1, isRepair: false, reserveUsd: decimal('0.3') },
  };
  const END = { outcome: 'answered', usage: null, latencyMs: 1, rawAnswer: null, failure: null };

  it('is never passed by calls that are made at once', async () => {
    const grants = await Promise.all(
      Array.from({ length: 20 }, () => log.reserve(PLAN, '2026-01', decimal('1'))),
    );
    expect(grants.filter(({ reserved }) => reserved)).toHaveLength(3);
    expect(await log.budget('2026-01')).toMatchObject({ reservedUsd: '0.9', spentUsd: '0' });
  });

  it('gets back what a call did not need, once', async () => {
    const grant = await log.reserve(PLAN, '2026-01', decimal('1'));
    if (!grant.reserved) throw new Error('refused');
    for (const costUsd of [decimal('0.1'), decimal('0.2')])
      await log.settle(grant.callId, { ...END, costUsd });
    expect(await log.budget('2026-01')).toMatchObject({ reservedUsd: '0', spentUsd: '0.1' });
    expect(await log.budget('2026-02')).toEqual({ month: '2026-02', reservedUsd: '0', spentUsd: '0' });
  });

  it('stops a model that costs before it is asked, and not one that is free', async () => {
    const dear = scripted('dear', () => said(GOOD));
    const free = scripted('free', () => said(GOOD), {
      price: { inputPerMillionUsd: decimal('0'), outputPerMillionUsd: decimal('0') },
    });
    const reply = await managerOf([dear, free], { monthlyBudgetUsd: decimal('0.000001') }).ask(question);
    expect(dear.requests).toHaveLength(0);
    expect(reply).toMatchObject({
      answered: true,
      model: 'free',
      tried: [{ model: 'dear', kind: ModelFailureKind.OverBudget }],
    });
  });
});

describe('a replay', () => {
  it('tells what was recorded, bit for bit, and asks nobody', async () => {
    const odd = '{"label":"bullish", "sentiment":0.10000000000000001,\n "why":"naïve 🚀"}';
    const model = scripted('a', (_request, call) => said(call === 1 ? 'no' : odd));
    const recorded = await managerOf([model]).ask(question);
    const asked = model.requests.length;
    const replayed = await managerOf([model], { replay: 'refuse' }).ask(question);
    expect(replayed).toEqual({ ...recorded, source: 'record' });
    expect(model.requests).toHaveLength(asked);
    expect(await calls()).toHaveLength(asked);
  });

  it.each([
    ['seed', { seed: 2 }],
    ['prompt', { values: { asset: 'BTC', headline: 'Another' } }],
    ['schema', { form: { ...form, schema: form.schema.required() } }],
  ])('names what is missing when the %s is another one', async (_what, change) => {
    const model = scripted('a', () => said(GOOD));
    await managerOf([model]).ask(question);
    const asking = managerOf([model], { replay: 'refuse' }).ask({ ...question, ...change });
    await expect(asking).rejects.toThrow(
      /lacks an answer of scorer \(prompt headline-sentiment v1\).*scripted:a.*[0-9a-f]{64}/,
    );
  });

  it('goes on without when it is told to', async () => {
    const reply = await managerOf([scripted('a', () => said(GOOD))], { replay: 'skip' }).ask(question);
    expect(reply).toMatchObject({ answered: false, kind: ModelFailureKind.NotRecorded });
  });
});

describe('embeddings', () => {
  const TEXTS = ['a', 'bb'];
  /** A model whose vectors a test chooses. */
  function embedder(embed: (texts: readonly string[]) => Promise<readonly (readonly number[])[]>) {
    const entry = scripted('e', () => said('never asked'));
    const asked: (readonly string[])[] = [];
    const open = async () => ({
      ...(await entry.open()),
      embed: async (texts: readonly string[]) => {
        asked.push(texts);
        return { vectors: await embed(texts), inputTokens: 1_000 };
      },
    });
    return { ...entry, open, asked };
  }
  const lengths = (texts: readonly string[]) => Promise.resolve(texts.map((text) => [text.length, 0.5]));
  const ask = (manager: ModelManager) => manager.embed({ role: 'scorer', texts: TEXTS });

  it('are paid for and recorded like answers, and replayed without the model', async () => {
    const model = embedder(lengths);
    const value = {
      vectors: [
        [1, 0.5],
        [2, 0.5],
      ],
      modelIdentity: 'scripted:e',
    };
    expect(await ask(managerOf([model]))).toMatchObject({ answered: true, value, source: 'model' });
    expect(await calls()).toMatchObject([
      {
        ...{ prompt: 'embedding', outcome: 'answered', input_tokens: 1_000, output_tokens: 0 },
        ...{ cost_usd: '0.003', raw_answer: '2 vectors' },
      },
    ]);
    const replaying = managerOf([embedder(() => Promise.reject(new Error('asked')))], { replay: 'refuse' });
    expect(await ask(replaying)).toMatchObject({ answered: true, value, source: 'record' });
    await expect(replaying.embed({ role: 'scorer', texts: ['c'] })).rejects.toThrow(/The replay lacks/);
    // The same words as a question are another request.
    expect(model.asked).toEqual([TEXTS]);
  });

  it('keep to the budget and the deadline', async () => {
    const model = embedder(lengths);
    const poor = managerOf([model], { monthlyBudgetUsd: decimal('0.000001') });
    expect(await ask(poor)).toMatchObject({ answered: false, kind: 'over-budget' });
    expect(model.asked).toEqual([]);
    const slow = managerOf([embedder(() => new Promise(() => undefined))]);
    const asking = slow.embed({ role: 'scorer', texts: TEXTS }, { deadlineMs: 20 });
    expect(await asking).toMatchObject({ answered: false, kind: 'deadline' });
  });

  it('that are not one vector for each text, alike in length, are none, and nobody is asked to mend them', async () => {
    for (const vectors of [[[1]], [[1], [1, 2]], [[], []], [[Number.NaN], [1]]]) {
      const model = embedder(() => Promise.resolve(vectors));
      expect(await ask(managerOf([model]))).toMatchObject({ answered: false, kind: 'malformed' });
      expect(model.asked).toHaveLength(1);
    }
  });
});
