import fc from 'fast-check';
import { z } from 'zod';
import { ModelFailure, ModelFailureKind } from '../../../adapters/llm/failure';
import { jsonSchemaOf, parseAnswer, strictSchemaOf } from '../../../adapters/llm/form';
import { grammarSchemaOf } from '../../../adapters/llm/local/grammar';
import { requestHash } from '../../../adapters/llm/request-hash';
import type { ModelRequest } from '../../../adapters/llm/port';

const schema = z.strictObject({
  label: z.enum(['buy', 'hold']),
  score: z.number().min(-1).max(1).multipleOf(0.5),
  count: z.int().min(1).max(3),
  free: z.number(),
  why: z.string().max(20).optional(),
  either: z.union([z.null(), z.array(z.string()).max(2)]),
});
const said = (text: string) => ({ text, toolCalls: [], usage: { inputTokens: 1, outputTokens: 1 } });

describe('an answer', () => {
  it('is what the schema says or nothing, whatever the model writes', () => {
    const form = { name: 'order', schema: z.strictObject({ label: z.enum(['buy', 'hold']) }) };
    const texts = fc.oneof(
      fc.string(),
      fc.json(),
      fc.constantFrom(
        'buy',
        '"buy"',
        '{"label":"buy","label":"sell"}',
        '{"label":"BUY"}',
        '{"__proto__":{"label":"buy"}}',
      ),
      fc
        .record({ label: fc.oneof(fc.constantFrom('buy', 'hold'), fc.anything()) })
        .map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          expect(['buy', 'hold']).toContain(parseAnswer(form, said(text)).label);
        } catch (error) {
          expect(error).toBeInstanceOf(ModelFailure);
          expect((error as ModelFailure).kind).toBe(ModelFailureKind.Malformed);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('may stand in a fence, and nothing may stand beside it', () => {
    const form = { name: 'n', schema: z.strictObject({ n: z.int() }) };
    expect(parseAnswer(form, said('```json\n{"n":1}\n```'))).toEqual({ n: 1 });
    expect(() => parseAnswer(form, said('Here: {"n":1}'))).toThrow('not JSON');
    expect(() => parseAnswer(form, said(`{"n":1}${' '.repeat(200_001)}`))).toThrow('more than');
  });
});

describe('a schema', () => {
  it('becomes one that strict modes of vendors take: everything required, nothing else, no bounds', () => {
    expect(strictSchemaOf(schema)).toEqual({
      type: 'object',
      properties: {
        label: { type: 'string', enum: ['buy', 'hold'] },
        score: { type: 'number' },
        count: { type: 'integer' },
        free: { type: 'number' },
        why: { type: 'string' },
        either: { anyOf: [{ type: 'null' }, { type: 'array', items: { type: 'string' } }] },
      },
      required: ['label', 'score', 'count', 'free', 'why', 'either'],
      additionalProperties: false,
    });
  });

  it('becomes one for grammars, where bounded numbers are lists of values', () => {
    expect(grammarSchemaOf(schema)).toEqual({
      type: 'object',
      properties: {
        label: { enum: ['buy', 'hold'] },
        score: { enum: [-1, -0.5, 0, 0.5, 1] },
        count: { enum: [1, 2, 3] },
        free: { type: 'number' },
        why: { type: 'string', maxLength: 20 },
        either: { oneOf: [{ type: 'null' }, { type: 'array', maxItems: 2, items: { type: 'string' } }] },
      },
    });
    const tenths = grammarSchemaOf(z.number().min(0).max(0.3).multipleOf(0.1));
    expect(tenths).toEqual({ enum: [0, 0.1, 0.2, 0.3] });
    expect(() => grammarSchemaOf(z.unknown())).toThrow('No grammar');
  });

  it('says nothing of its dialect', () => {
    expect(jsonSchemaOf(schema)).not.toHaveProperty('$schema');
  });
});

describe('the hash of a request', () => {
  const request: ModelRequest = {
    messages: [{ role: 'user', content: 'x' }],
    form: { name: 'order', schema },
    maxTokens: 1,
    temperature: 0,
    seed: 1,
  };
  it('is that of its content, in whatever order it is written', () => {
    const { seed, messages, ...rest } = request;
    expect(requestHash('m', { seed, ...rest, messages })).toBe(requestHash('m', request));
  });
  it.each<[string, string, Partial<ModelRequest>]>([
    ['model', 'n', {}],
    ['seed', 'm', { seed: 2 }],
    ['temperature', 'm', { temperature: 1 }],
    ['bound', 'm', { maxTokens: 2 }],
    ['text', 'm', { messages: [{ role: 'user', content: 'y' }] }],
    ['schema', 'm', { form: { name: 'order', schema: schema.omit({ why: true }) } }],
    ['tools', 'm', { tools: [{ name: 't', description: '', parameters: z.object({}) }] }],
  ])('is another one with another %s', (_what, model, change) => {
    expect(requestHash(model, { ...request, ...change })).not.toBe(requestHash('m', request));
  });
});
