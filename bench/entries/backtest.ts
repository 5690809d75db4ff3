import { runBacktest } from '../../backtest/backtest';
import { backtestRulesSchema } from '../../backtest/rules';
import { findStrategy } from '../../domain/strategies/registry';
import { randomBars } from '../backtest/random-bars';
import {
  difference,
  REFERENCE_BALANCE,
  REFERENCE_INSTRUMENT,
  referenceBars,
  referenceStrategy,
  runReference,
} from '../backtest/reference-task';
import { specialisedLoop } from '../backtest/specialised-loop';
import { runProcess, writeBarFile } from '../backtest/whole-process';
import type { BenchContext, BenchEntry } from '../entry';
import type { NamedMeasurement } from '../measurement';
import { processorMs } from '../processor-time';
import { interleave, median, ratio } from '../statistics';
import { timed } from './submit';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2024, 0, 1);
const PAIRS = 30;
/** Until both have been compiled as far as they will be. */
const WARM_UP = 10;
const PROCESSES = 5;
const SYMBOLS = 16;
const FIVE_YEARS_OF_HOURS = 43_824;
const UNITS = 100_000_000;

/** The backtester: against a loop that is written for one task, as a whole process, and with many symbols on one account. */
export const backtest: BenchEntry = {
  name: 'backtest',
  measure: async (context) => [await engine(), ...wholeProcess(context), await manySymbols()],
};

async function engine(): Promise<NamedMeasurement> {
  const bars = referenceBars();
  const from = referenceStrategy().warmupBars - 1;
  const loop = () => specialisedLoop(bars, Number(REFERENCE_BALANCE) * UNITS, from);
  const [mine, other] = [runReference(bars).trades, loop()];
  const differing = mine
    .map((trade, index) => difference(trade, other[index]))
    .find((one) => one !== undefined);
  if (mine.length !== other.length || differing !== undefined)
    throw new Error(
      `Engine and loop do not make the same trades: ${differing ?? `${mine.length}, ${other.length}`}`,
    );
  const { subject, baseline } = await interleave({
    subject: () => processorMs(() => runReference(bars)),
    baseline: () => processorMs(loop),
    ...{ pairs: PAIRS, warmUp: WARM_UP },
  });
  return {
    name: 'backtest',
    value: median(subject),
    unit: 'ms',
    baseline: median(baseline),
    ratio: ratio(median(subject), median(baseline)),
    goal: { of: 'ratio', atMost: 3 },
    how: `processor time, median of ${PAIRS} runs of the reference task (${bars.length} one-minute bars of a random walk, ${mine.length} trades), indicators included, against a loop written for nothing else, in turn; every trade is the same to the last unit of money`,
  };
}

function wholeProcess(context: BenchContext): readonly NamedMeasurement[] {
  const folder = context.folder('backtest');
  const data = context.folder('backtest-data');
  writeBarFile(data, referenceBars());
  runProcess(folder, data);
  const runs = Array.from({ length: PROCESSES }, () => runProcess(folder, data));
  const how = `of ${PROCESSES} processes \`ballast backtest … --json FILE\` on the reference task: start, bars from the cache of columns, run, every metric, every trade written`;
  const plain = { baseline: null, ratio: null };
  const figures = {
    time: median(runs.map(({ ms }) => ms)),
    processor: median(runs.map(({ processorMs: ms }) => ms)),
    memory: median(runs.map(({ bytes }) => bytes / 2 ** 20)),
  };
  return [
    {
      ...{ name: 'backtestProcess', value: figures.time, unit: 'ms', ...plain },
      goal: { of: 'value', atMost: 1_000 },
      how: `median ${how}`,
    },
    {
      ...{ name: 'backtestProcessor', value: figures.processor, unit: 'ms', ...plain },
      goal: null,
      how: `processor time, median ${how}: what the time above comes to on an idle machine, or less with more cores`,
    },
    {
      ...{ name: 'backtestMemory', value: figures.memory, unit: 'MB', ...plain },
      goal: { of: 'value', atMost: 250 },
      how: `the most resident memory, median ${how}`,
    },
  ];
}

async function manySymbols(): Promise<NamedMeasurement> {
  const markets = Array.from({ length: SYMBOLS }, (_, index) => ({
    instrument: { ...REFERENCE_INSTRUMENT, symbol: `C${index}/USDT`, base: `C${index}` },
    timeframe: '1h' as const,
    bars: randomBars({
      ...{ seed: index + 1, length: FIVE_YEARS_OF_HOURS, barMs: HOUR_MS },
      ...{ startMs: START_MS, stepDeviation: 0.004 },
    }),
  }));
  let trades = 0;
  const run = (): Promise<void> => {
    const result = runBacktest({
      markets,
      runs: [
        {
          name: 'ema-cross',
          strategy: findStrategy('ema-cross').parse({}),
          symbols: markets.map(({ instrument }) => instrument.symbol),
          maxHoldingBars: null,
        },
      ],
      startingBalance: REFERENCE_BALANCE,
      rules: backtestRulesSchema.parse({}),
    });
    trades = result.trades.length;
    return Promise.resolve();
  };
  await run();
  const times: number[] = [];
  for (let pass = 0; pass < PROCESSES; pass += 1) times.push(await timed(run));
  return {
    ...{ name: 'backtest16', value: median(times), unit: 'ms', baseline: null, ratio: null },
    goal: { of: 'value', atMost: 1_000 },
    how: `median of ${PROCESSES} runs of ema-cross on ${SYMBOLS} symbols × ${FIVE_YEARS_OF_HOURS} hours on one account, sized by the risk limits of live trading, indicators computed anew each time (${trades} trades)`,
  };
}
