import { z } from 'zod';
import { ModelFailure, ModelFailureKind } from '../../../adapters/llm/failure';
import { parseAnswer } from '../../../adapters/llm/form';
import type { LanguageModel, ModelRequest } from '../../../adapters/llm/port';
import { createAnthropicModel } from '../../../adapters/llm/remote/anthropic-model';
import { createOpenAiModel } from '../../../adapters/llm/remote/openai-model';
import { retryAfter } from '../../../adapters/llm/remote/remote-failure';
import { anthropicWire, openAiWire, startVendor, type VendorServer } from './vendor-server';

const KEY = 'sk-very-secret-key-0123456789';
const apiKey = { reveal: () => KEY };
const form = {
  name: 'verdict',
  schema: z.strictObject({ label: z.enum(['bullish', 'bearish']), sentiment: z.number().min(-1).max(1) }),
};
const tools = [
  {
    name: 'get_price',
    description: 'The price.',
    parameters: z.strictObject({ symbol: z.string().max(20) }),
  },
];
const request: ModelRequest = {
  messages: [
    { role: 'system', content: 'You score.' },
    { role: 'user', content: 'ETF approved' },
  ],
  form,
  maxTokens: 100,
  temperature: 0,
  seed: 7,
};
const never = new AbortController().signal;

const VENDORS = {
  openai: { wire: openAiWire, path: '/v1/chat/completions' },
  compatible: { wire: openAiWire, path: '/v1/chat/completions' },
  anthropic: { wire: anthropicWire, path: '/v1/messages' },
} as const;
type Vendor = keyof typeof VENDORS;

const create = (vendor: Vendor, url: string): Promise<LanguageModel> => {
  const options = { model: 'm-1', apiKey, sampling: true };
  return vendor === 'anthropic'
    ? createAnthropicModel({ ...options, baseUrl: url })
    : createOpenAiModel({ ...options, baseUrl: `${url}/v1`, dialect: vendor });
};

describe.each(Object.keys(VENDORS) as Vendor[])('a model of %s', (vendor) => {
  let server: VendorServer;
  let model: LanguageModel;
  beforeAll(async () => {
    server = await startVendor(VENDORS[vendor].wire);
    model = await create(vendor, server.url);
  });
  beforeEach(() => (server.requests.length = 0));
  afterAll(() => server.close());

  const failure = async (change: Partial<ModelRequest> = {}, signal = never): Promise<ModelFailure> => {
    const error: unknown = await model
      .complete({ ...request, ...change }, { signal })
      .catch((thrown: unknown) => thrown);
    if (!(error instanceof ModelFailure)) throw new Error(`Not a failure: ${JSON.stringify(error)}`);
    return error;
  };

  it('answers in pieces, in the form asked for, and tells what it used', async () => {
    server.behaviours = [{ kind: 'text', parts: ['{"label":"bul', 'lish","sentiment"', ':0.5}'] }];
    const answer = await model.complete(request, { signal: never });
    expect(parseAnswer(form, answer)).toEqual({ label: 'bullish', sentiment: 0.5 });
    expect(answer.usage).toEqual({ inputTokens: 11, outputTokens: 7 });
    const [sent] = server.requests;
    expect(sent?.path).toBe(VENDORS[vendor].path);
    expect(JSON.stringify(sent?.headers)).toContain(KEY);
    expect(sent?.body).toMatchSnapshot();
  });

  it('asks for tools, and hears their results', async () => {
    server.behaviours = [{ kind: 'tool', name: 'get_price', parts: ['{"sym', 'bol":"BTC/USDT"}'] }];
    const { toolCalls, text } = await model.complete(
      { ...request, form: undefined, tools },
      { signal: never },
    );
    expect(toolCalls).toEqual([{ id: 't1', name: 'get_price', arguments: '{"symbol":"BTC/USDT"}' }]);
    const said = { role: 'assistant' as const, content: text, toolCalls };
    const heard = { role: 'tool' as const, toolCallId: 't1', toolName: 'get_price', content: '50000' };
    server.behaviours = [{ kind: 'text', parts: ['It costs 50000'] }];
    const messages = [...request.messages, said, heard];
    const { text: end } = await model.complete(
      { ...request, messages, form: undefined, tools },
      { signal: never },
    );
    expect(end).toBe('It costs 50000');
    expect((server.requests[1]?.body as { messages: unknown }).messages).toMatchSnapshot();
  });

  it.each([
    [429, ModelFailureKind.RateLimited],
    [400, ModelFailureKind.Rejected],
    [401, ModelFailureKind.Rejected],
    [404, ModelFailureKind.Rejected],
    [500, ModelFailureKind.Unavailable],
    [503, ModelFailureKind.Unavailable],
    [529, ModelFailureKind.Unavailable],
  ])('takes status %i for %s, and asks once', async (status, kind) => {
    server.behaviours = [{ kind: 'status', status, headers: { 'retry-after': '7' } }];
    const { kind: found, detail } = await failure();
    expect([found, detail.retryAfterMs, server.requests.length]).toEqual([kind, 7_000, 1]);
  });

  it('never tells its key, though the server repeats it', async () => {
    const body = { error: { message: `Incorrect key ${KEY}`, type: 'auth' } };
    server.behaviours = [{ kind: 'status', status: 401, body }];
    const error = await failure();
    expect(error.message).toContain('[secret]');
    expect(`${error.message} ${error.stack ?? ''} ${JSON.stringify(error)}`).not.toContain(KEY);
    server.behaviours = [{ kind: 'text', parts: [`Your key is ${KEY}`] }];
    const answer = await model.complete({ ...request, form: undefined }, { signal: never });
    expect(answer.text).toBe('Your key is [secret]');
  });

  it('declines', async () => {
    server.behaviours = [{ kind: 'refusal', text: 'I cannot help with that.' }];
    expect((await failure()).kind).toBe(ModelFailureKind.Refused);
  });

  it('is malformed when it is cut off, and unavailable when the connection breaks', async () => {
    server.behaviours = [{ kind: 'text', parts: ['{"label":"bul'], stop: 'length' }];
    expect(await failure()).toMatchObject({
      ...{ kind: ModelFailureKind.Malformed, detail: { raw: '{"label":"bul', usage: { outputTokens: 7 } } },
    });
    server.behaviours = [{ kind: 'broken', parts: ['{"label":'] }];
    expect((await failure()).kind).toBe(ModelFailureKind.Unavailable);
  });

  it.each([
    ['stream-error', ModelFailureKind.Unavailable],
    ['garbled', ModelFailureKind.Malformed],
  ] as const)('has no answer when its stream is cut by %s: it is %s', async (behaviour, kind) => {
    server.behaviours = [{ kind: behaviour, parts: ['{"label":"bullish",'] }];
    expect(await failure()).toMatchObject({ kind, detail: { raw: '{"label":"bullish",' } });
  });

  it('is malformed when something else answers in its place', async () => {
    server.behaviours = [{ kind: 'html' }];
    const error = await failure();
    expect([ModelFailureKind.Malformed, ModelFailureKind.Unavailable]).toContain(error.kind);
  });

  it.each(['silence', 'a slow drip'])('ends when it is told to, in %s', async (what) => {
    const drip = { kind: 'text', parts: Array<string>(1000).fill('x'), delayMs: 5 } as const;
    server.behaviours = [what === 'silence' ? { kind: 'silence' } : drip];
    const controller = new AbortController();
    setTimeout(() => {
      controller.abort();
    }, 60);
    expect((await failure({}, controller.signal)).kind).toBe(ModelFailureKind.Cancelled);
  });

  it('is unavailable when nobody is there', async () => {
    const gone = await create(vendor, 'http://127.0.0.1:9');
    const call = gone.complete(request, { signal: never });
    await expect(call).rejects.toMatchObject({ kind: ModelFailureKind.Unavailable });
  });

  it('embeds, or says that it cannot', async () => {
    const call = model.embed(['a', 'b'], { signal: never });
    if (vendor === 'anthropic') await expect(call).rejects.toMatchObject({ kind: ModelFailureKind.Rejected });
    else
      expect(await call).toEqual({
        vectors: [
          [1, 0],
          [0, 1],
        ],
        inputTokens: 4,
      });
  });
});

it.each([
  [{ 'retry-after': '2' }, 2_000],
  [{ 'retry-after-ms': '150', 'retry-after': '2' }, 150],
  [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:10 GMT' }, 9_000],
  [{ 'retry-after': 'soon' }, undefined],
  [{ 'retry-after': '-5' }, 0],
  [{ 'retry-after': '999999999' }, 86_400_000],
  [{}, undefined],
])('reads how long to wait from %j', (headers, expected) => {
  expect(retryAfter(new Headers(headers as Record<string, string>), 1_000)).toBe(expected);
});
