import fc from 'fast-check';
import { sliceColumns } from '../../../domain/bar-columns';
import { compute, lookback, outputsOf, settlingBars } from '../../../domain/indicators/registry';
import { SAMPLE_ROWS } from './samples';
import { firstDifference, market, markets, streamed } from './support';

const RUNS = 40;

describe.each(SAMPLE_ROWS)('%s', (_, spec) => {
  it('says bar by bar what it says of the whole column, bit for bit', () => {
    fc.assert(
      fc.property(markets(1, 400), (columns) => {
        const whole = compute(columns, spec);
        expect(streamed(columns, spec)).toEqual(whole);
      }),
      { numRuns: RUNS },
    );
  });

  it('has an output for each name, undefined up to its lookback and a finite number ever after', () => {
    fc.assert(
      fc.property(markets(1, 300), (columns) => {
        const outputs = compute(columns, spec);
        expect(outputs).toHaveLength(outputsOf(spec).length);
        for (const output of outputs) {
          expect(output).toHaveLength(columns.length);
          expect(output.findIndex((value) => !Number.isNaN(value))).toBe(
            lookback(spec) < columns.length ? lookback(spec) : -1,
          );
          expect(output.slice(lookback(spec)).every(Number.isFinite)).toBe(true);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('does not see where the data begins once it has settled', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 400 }), (seed, dropped) => {
        const settling = settlingBars(spec);
        expect(settling).toBeGreaterThanOrEqual(lookback(spec));
        if (settling === Infinity) return;
        const columns = market({ seed, length: dropped + settling + 50 });
        const whole = compute(columns, spec);
        const later = compute(sliceColumns(columns, dropped), spec);
        whole.forEach((output, which) => {
          const settled = later[which]?.subarray(settling) ?? new Float64Array();
          expect(firstDifference(settled, output.subarray(dropped + settling), 1e-9)).toBe(-1);
        });
      }),
      { numRuns: RUNS },
    );
  });

  it('says nothing of a bar that depends on later ones', () => {
    const columns = market({ seed: 3, length: 300, stillShare: 0.2 });
    const whole = compute(columns, spec);
    for (const length of [1, lookback(spec) + 1, 150, 299].filter((value) => value <= 300)) {
      const known = compute(sliceColumns(columns, 0, length), spec);
      expect(known).toEqual(whole.map((output) => output.slice(0, length)));
    }
  });
});
