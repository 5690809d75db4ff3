import { assess, barDrawdownOf } from '../../../backtest/truth/assessment';
import type { EntryTest } from '../../../backtest/truth/engine-entries';
import { verdictOf } from '../../../backtest/truth/verdict';
import { DAY_MS } from '../../../domain/performance/realised-equity';
import type { PerformanceInput } from '../../../domain/performance/types';
import { RandomStream } from '../../../domain/random';
import { mean, sampleDeviation } from '../../../domain/statistics';
import { START_MS } from '../support';

/** Days with these returns, and a trade on each of the first `trades`. */
function measured(returns: readonly number[], trades: number): PerformanceInput {
  let equity = 1_000;
  const points = returns.map((value, index) => ({
    timeMs: START_MS + (index + 1) * DAY_MS,
    equity: (equity *= 1 + value),
  }));
  return {
    trades: returns.slice(0, trades).map((value, index) => ({
      closeTimeMs: START_MS + (index + 1) * DAY_MS,
      profit: 1_000 * value,
    })),
    equity: [{ timeMs: START_MS, equity: 1_000 }, ...points],
    ...{ startingBalance: 1_000, startMs: START_MS, endMs: START_MS + returns.length * DAY_MS },
  };
}

/** Of exactly this mean and deviation. */
const normal = (days: number, average: number, deviation: number): readonly number[] => {
  const random = new RandomStream(4);
  const drawn = Array.from({ length: days }, () => random.normal());
  const [centre, width] = [mean(drawn), sampleDeviation(drawn)];
  return drawn.map((value) => average + (deviation * (value - centre)) / width);
};

const chance = (pValue: number): EntryTest => ({
  ...{ observed: 500, mean: 10, deviation: 50, pValue, runs: 199, seed: 1 },
  ...{ trades: 60, meanTrades: 60, low: -70, median: 10, high: 90 },
});

function judge(
  returns: readonly number[],
  { trades = 60, trials = 1, pValue }: { trades?: number; trials?: number; pValue?: number } = {},
) {
  const input = measured(returns, trades);
  const found = assess(input, { runs: 40, seed: 1, confidence: 0.95, trials });
  if (found === null) throw new Error('There is nothing to assess.');
  return verdictOf({
    assessment: {
      ...found,
      barDrawdown: barDrawdownOf(input.equity, 1_000),
      ...(pValue !== undefined && { entries: chance(pValue) }),
    },
    trades,
    days: returns.length,
    totalReturn: (input.equity.at(-1)?.equity ?? 0) / 1_000 - 1,
  });
}

const GOOD = normal(400, 0.003, 0.01);

describe('the verdict', () => {
  it('believes what chance could hardly have done, and says on what grounds', () => {
    const { kind, sentences } = judge(GOOD, { pValue: 0.005 });
    expect(kind).toBe('holds');
    const text = sentences.join(' ');
    expect(text).toContain('Nothing here says that it was luck.');
    expect(text).toMatch(/entries by chance made 10\.00 in the middle/);
    expect(text).toMatch(/Its deepest fall was .* from close to close/);
    expect(text).toContain('--trials');
  });

  it('doubts it when it is the best of very many', () => {
    const { kind, sentences } = judge(normal(400, 0.0017, 0.01), { trials: 10_000, pValue: 0.005 });
    expect(judge(normal(400, 0.0017, 0.01), { pValue: 0.005 }).kind).toBe('holds');
    expect(kind).toBe('luck');
    expect(sentences.join(' ')).toContain('As the best of 10,000 trials its Sharpe ratio is above zero');
  });

  it('doubts it when entries by chance do as well', () => {
    const { kind, sentences } = judge(GOOD, { pValue: 0.4 });
    expect(kind).toBe('luck');
    expect(sentences.join(' ')).toContain('Entries by chance did as well in 40.0 % of 199 runs');
  });

  it('says so when the sample is too small, however good it looks', () => {
    const few = judge(GOOD, { trades: 12, pValue: 0.005 });
    expect(few.kind).toBe('too-little');
    expect(few.sentences.join(' ')).toContain('There are 12 trades');
    const short = judge(GOOD.slice(0, 40), { trades: 40, pValue: 0.005 });
    expect(short.kind).toBe('too-little');
    expect(short.sentences.join(' ')).toContain('It covers 40 days');
    const faint = judge(normal(200, 0.0008, 0.01), { pValue: 0.005 });
    expect(faint.kind).toBe('too-little');
    expect(faint.sentences.join(' ')).toMatch(/takes [\d,]+ days to be above zero/);
  });

  it('believes in no loss', () => {
    expect(judge(normal(400, -0.002, 0.01)).kind).toBe('loses');
  });
});

it('the drawdown of every close is deeper than that of midnights', () => {
  const equity = [1_000, 1_100, 880, 1_100, 1_200].map((value, index) => ({
    timeMs: START_MS + index * 6 * 3_600_000,
    equity: value,
  }));
  expect(barDrawdownOf(equity, 1_000)).toEqual({
    ...{ fraction: 0.2, absolute: 220, days: 0.5 },
    ...{ peakMs: START_MS + 6 * 3_600_000, lowMs: START_MS + 12 * 3_600_000 },
  });
});
