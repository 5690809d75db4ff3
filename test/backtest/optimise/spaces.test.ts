import { z } from 'zod';
import { declaredParameters, defaultSpace } from '../../../backtest/optimise/declared-space';
import { parseSpace, splitSpace } from '../../../backtest/optimise/space-notation';
import { findStrategy } from '../../../domain/strategies/registry';

const schema = z
  .strictObject({
    period: z.int().min(2).max(200).default(14),
    share: z.number().gt(0).lt(1).default(0.5),
    rate: z
      .number()
      .min(0)
      .max(1)
      .meta({ search: { low: 0.001, high: 0.1, log: true } })
      .default(0.01),
    cost: z.number().min(0).max(0.05).meta({ search: false }).default(0.0035),
    filter: z.number().min(0).max(100).nullable().default(null),
    trail: z.number().min(0.5).max(20).nullable().default(3),
    open: z.number().min(0).default(1),
    count: z.int().default(1),
    mode: z.enum(['calm', 'wild']).default('calm'),
    both: z.boolean().default(true),
    note: z.string().default(''),
  })
  .refine(({ period }) => period > 2);
const declared = declaredParameters(schema);

describe('the space of a schema', () => {
  it('has every parameter with two ends or choices, as its author narrows it', () => {
    expect(defaultSpace(declared)).toEqual({
      period: { kind: 'int', low: 2, high: 200 },
      share: {
        kind: 'float',
        low: expect.closeTo(0, 8) as number,
        high: expect.closeTo(1, 8) as number,
      },
      rate: { kind: 'logFloat', low: 0.001, high: 0.1 },
      trail: { kind: 'float', low: 0.5, high: 20 },
      mode: { kind: 'categorical', choices: ['calm', 'wild'] },
      both: { kind: 'categorical', choices: [false, true] },
    });
    const { share } = defaultSpace(declared);
    if (share?.kind !== 'float') throw new Error('share is a float');
    expect([share.low, share.high].every((value) => schema.safeParse({ share: value }).success)).toBe(true);
  });

  it('of a built-in strategy holds points that it takes, and no cost of trading', () => {
    const strategy = findStrategy('ema-cross');
    const space = defaultSpace(declaredParameters(strategy.schema));
    expect(space).toMatchObject({ fast: { kind: 'int', low: 2, high: 399 }, stopAtr: { kind: 'float' } });
    expect(Object.keys(space)).not.toContain('costFraction');
  });

  it('is refused of a schema that is no object, or that another library has made', () => {
    expect(() => declaredParameters(z.number())).toThrow(/cannot be read/);
    expect(() => declaredParameters({ safeParse: () => undefined } as unknown as z.ZodType)).toThrow(
      /cannot be read/,
    );
  });

  it('is nothing where nothing has ends', () => {
    expect(() => defaultSpace(declaredParameters(z.strictObject({ a: z.number() })))).toThrow(
      /No parameter of this strategy/,
    );
  });
});

describe('a written space', () => {
  const parse = (text: string) => parseSpace(splitSpace(text), declared);

  it.each<[string, object]>([
    ['period=5..20', { period: { kind: 'int', low: 5, high: 20 } }],
    ['period=10..50:5', { period: { kind: 'int', low: 10, high: 50, step: 5 } }],
    ['rate = 1e-3..0.5:log', { rate: { kind: 'logFloat', low: 0.001, high: 0.5 } }],
    ['filter=null|10|20.5', { filter: { kind: 'categorical', choices: [null, 10, 20.5] } }],
    [
      'mode=wild|calm, both=true',
      {
        mode: { kind: 'categorical', choices: ['wild', 'calm'] },
        both: { kind: 'categorical', choices: [true] },
      },
    ],
    [
      'period,open=0..9',
      { period: { kind: 'int', low: 2, high: 200 }, open: { kind: 'float', low: 0, high: 9 } },
    ],
  ])('%s', (text, space) => {
    expect(parse(text)).toEqual(space);
  });

  it('may be data', () => {
    expect(
      parseSpace(
        {
          period: { low: 4, high: 8, step: 2 },
          rate: { low: 0.1, high: 1, log: true },
          filter: [null, 5],
          cost: '0..0.01',
        },
        declared,
      ),
    ).toEqual({
      period: { kind: 'int', low: 4, high: 8, step: 2 },
      rate: { kind: 'logFloat', low: 0.1, high: 1 },
      filter: { kind: 'categorical', choices: [null, 5] },
      cost: { kind: 'float', low: 0, high: 0.01 },
    });
  });

  it.each<[string, RegExp]>([
    ['perod=5..20', /"perod", which is no parameter/],
    ['period=1..20', /takes 2 to 200/],
    ['period=20..5', /low end is above/],
    ['period=5.5..20', /whole numbers/],
    ['period=5..20:log', /not whole/],
    ['share=0.1..0.5:1', /a step is for whole numbers/],
    ['open=0..1:log', /begins above zero/],
    ['period=5...20', /which is no range/],
    ['period=', /which is no range/],
    ['mode=1..2', /is no number/],
    ['mode=calm|warm', /does not take mode=warm/],
    ['period=5|5', /5 twice/],
    ['period=null|5', /does not take period=null/],
    ['period=5..9,period=5..9', /"period" twice/],
    ['filter', /has no range of its own/],
    ['', /empty/],
  ])('%s is refused', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  it.each([[{ period: 5 }], [{ period: { low: 5 } }], [{ period: [] }]])('%j is refused', (written) => {
    expect(() => parseSpace(written, declared)).toThrow(/not understood/);
  });
});
