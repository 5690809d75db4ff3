import type { ProposedEntry } from '../../../backtest/counsel';
import { openQuestions, runRounds, type Said } from '../../../backtest/evaluation/rounds';
import { runBacktest, type BacktestInput } from '../../../backtest/backtest';
import { backtestRulesSchema } from '../../../backtest/rules';
import { ONE } from '../../../domain/decimal';
import { candles, COIN, d, scripted, still } from '../support';

/** Three entries, the second of which is only possible when the first is not held any more. */
const input: BacktestInput = {
  markets: [{ instrument: COIN, timeframe: '1h', bars: candles(still(100, 40)) }],
  runs: [
    {
      name: 'scripted',
      strategy: scripted({
        5: { stop: 90, target: 150 },
        10: { stop: 90, target: 150 },
        15: 'exit',
        20: { stop: 90, target: 150 },
        25: 'exit',
      }),
      symbols: [COIN.symbol],
      maxHoldingBars: null,
    },
  ],
  startingBalance: d('1000'),
  rules: backtestRulesSchema.parse({
    sizing: { kind: 'risk', limits: { minRewardToRisk: 0.1, maxPositionFraction: 1 } },
  }),
};

const keyOf = ({ closeMs }: ProposedEntry): string => String(closeMs);
const hourOf = (closeMs: number): number => (closeMs / 3_600_000) % 24;

it('an entry is bought whole, smaller, or not at all, as it is advised', () => {
  const quantities = (factor: string | null): readonly number[] =>
    runBacktest({ ...input, counsel: () => (factor === null ? null : d(factor)) }).trades.map(
      ({ quantity }) => quantity,
    );
  const whole = runBacktest(input).trades.map(({ quantity }) => quantity);
  expect(whole).toHaveLength(2);
  expect(quantities('1')).toEqual(whole);
  const half = quantities('0.5');
  expect(half).toHaveLength(2);
  for (const [at, quantity] of half.entries()) expect(quantity / (whole[at] ?? NaN)).toBeCloseTo(0.5, 2);
  expect(quantities(null)).toEqual([]);
  expect(runBacktest({ ...input, counsel: () => null }).refusals).toEqual({ 'panel-veto': 3 });
  expect(() => quantities('1.5')).toThrow('size factor');
  expect(() => quantities('0')).toThrow('size factor');
});

it('hears the account and the reasons as they are at that close', () => {
  const heard: ProposedEntry[] = [];
  runBacktest({
    ...input,
    counsel: (entry) => {
      heard.push(entry);
      return ONE;
    },
  });
  const [first, second] = heard;
  expect(first?.account).toEqual({
    equity: { equity: '1000', equityAtDayStart: '1000', peakEquity: '1000' },
    positions: [],
  });
  expect(Number(second?.account.equity.equity)).toBeLessThan(1000);
});

it('asks in rounds until nothing is missing, about what the answers have led to', async () => {
  const asked: number[][] = [];
  const { result, heard, rounds } = await runRounds<Said>({
    ...{ input, keyOf, known: new Map<string, Said>(), atOnce: 1 },
    ask: (bar) => {
      asked.push(bar.map(({ entry }) => hourOf(entry.closeMs)));
      // The first is vetoed, so that the second is possible, which nobody could have asked about before.
      return Promise.resolve(
        new Map(bar.map(({ key, entry }) => [key, { sizeFactor: hourOf(entry.closeMs) === 6 ? null : ONE }])),
      );
    },
  });
  expect(asked).toEqual([[6], [11], [21]]);
  expect(rounds).toBe(4);
  expect(heard.map(({ said }) => said.sizeFactor)).toEqual([null, '1', '1']);
  expect(result.trades).toHaveLength(2);
});

it('what is known is not asked about again, and what is open is told', async () => {
  const known = new Map<string, Said>();
  const ask = jest.fn((bar: readonly { readonly key: string }[]) =>
    Promise.resolve(new Map(bar.map(({ key }) => [key, { sizeFactor: ONE }]))),
  );
  expect(openQuestions({ input, keyOf, known })).toHaveLength(2);
  await runRounds({ input, keyOf, known, ask, atOnce: 2 });
  expect(ask).toHaveBeenCalledTimes(2);
  const again = await runRounds({ input, keyOf, known, ask, atOnce: 2 });
  expect([ask.mock.calls.length, again.rounds]).toEqual([2, 1]);
  expect(openQuestions({ input, keyOf, known })).toEqual([]);
});

it('ends when an answer does not come back under its key', async () => {
  const ask = () => Promise.resolve(new Map([['another', { sizeFactor: ONE }]]));
  await expect(runRounds({ input, keyOf, known: new Map(), ask, atOnce: 1 })).rejects.toThrow(
    'Nothing was said',
  );
});

it('needs entries that are sized by risk', () => {
  const rules = backtestRulesSchema.parse({ sizing: { kind: 'cash-fraction', fraction: 0.5 } });
  expect(() => runBacktest({ ...input, rules, counsel: () => ONE })).toThrow('sized by risk');
});
