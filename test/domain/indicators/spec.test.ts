import { UserError } from '../../../domain/errors';
import { compute } from '../../../domain/indicators/registry';
import { indicators, parseSpec, specKey, type IndicatorSpec } from '../../../domain/indicators/spec';
import { SAMPLE_ROWS } from './samples';
import { market } from './support';

describe('specs', () => {
  it('have one key for one meaning', () => {
    const written: readonly IndicatorSpec[] = [
      { kind: 'ema', period: 12 },
      { period: 12, source: 'close', kind: 'ema' },
      indicators.ema(12),
    ];
    expect(new Set(written.map(specKey)).size).toBe(1);
    expect(specKey(indicators.ema(13))).not.toBe(specKey(indicators.ema(12)));
    expect(specKey(indicators.sma(12))).not.toBe(specKey(indicators.ema(12)));
  });

  it.each(SAMPLE_ROWS)('%s survives being stored', (_, spec) => {
    expect(parseSpec(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
  });

  it.each([
    [() => indicators.ema(0), 'indicators.ema.period is 0: '],
    [() => indicators.sma(2.5), 'indicators.sma.period is 2.5: '],
    [() => indicators.rsi(1), 'indicators.rsi.period is 1: '],
    [() => indicators.rsi(14, { flatValue: 101 }), 'indicators.rsi.flatValue is 101: '],
    [() => parseSpec({ kind: 'atr', period: '14' }), 'indicators.atr.period is "14": '],
    [() => parseSpec({ kind: 'adx' }), 'indicators.adx.period is not set: '],
    [
      () => parseSpec({ kind: 'ema', period: 3, sourc: 'open' }),
      'indicators.ema.sourc is "open": not a parameter; there are period, source',
    ],
    [() => parseSpec({ kind: 'emma', period: 3 }), 'There is no indicator "emma".'],
    [() => parseSpec('ema'), 'An indicator is an object with its "kind".'],
    [
      () => compute(market({ seed: 1, length: 5 }), { kind: 'ema', period: -1 }),
      'indicators.ema.period is -1: ',
    ],
  ])('are refused by name: %s', (make, message) => {
    expect(make).toThrow(UserError);
    expect(make).toThrow(message);
  });
});
