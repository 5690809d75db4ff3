import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runBacktest, type BacktestResult } from '../../backtest/backtest';
import { backtestRulesSchema, perpetualSchema } from '../../backtest/rules';
import { loadInput, type InputRequest, type LoadedInput } from '../../cli/backtest-input';
import { folderSource } from '../../cli/backtest-source';
import { d, scripted, START_MS, still, type Candle } from '../backtest/support';
import { temporaryDataDir } from '../emulator/market/fixtures';

const HOUR_MS = 3_600_000;
const dataDir = temporaryDataDir();
const SYMBOL = 'BTC/USDT:USDT';

/** Hours of a day and a half at 100, of which one, in the sixth bar of four hours, dips. */
const DIP_AT = 21;
const hours = (low: number): Candle[] => [...still(100, DIP_AT), [100, 100, low, 100], ...still(100, 14)];

const candleFile = (candles: readonly Candle[], missing?: number): string =>
  `timestamp_ms,open,high,low,close,volume\n${candles
    .map(([open, high, low, close], at) => [START_MS + at * HOUR_MS, open, high, low, close, 10].join(','))
    .filter((_, at) => at !== missing)
    .join('\n')}\n`;
/** One ten-thousandth every eight hours. */
const fundingFile = (rate = 0.0001): string =>
  `timestamp_ms,funding_rate\n${[0, 8, 16, 24, 32].map((hour) => `${START_MS + hour * HOUR_MS},${rate}`).join('\n')}\n`;

let folders = 0;
/** A folder of these files. */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = join(dataDir, `folder-${(folders += 1)}`);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

const load = (
  files: Readonly<Record<string, string>>,
  changes: Partial<InputRequest> = {},
): Promise<LoadedInput> => {
  const folder = folderOf(files);
  return loadInput(folderSource(folder, join(folder, 'state')), {
    ...{ symbols: [SYMBOL], timeframe: '4h', venue: undefined, finer: undefined },
    runs: [{ name: 'scripted', strategy: scripted({ 0: { stop: 50, target: 200 } }, '4h') }],
    ...{
      fromMs: undefined,
      toMs: undefined,
      startingBalance: d('1000'),
      fees: { maker: d('0'), taker: d('0') },
    },
    ...{ source: { data: folder, simulate: false, seed: 1 }, maxHoldingBars: null, l2: [] },
    perpetual: perpetualSchema.parse({ leverage: 10, liquidationFeeFraction: 0 }),
    rules: backtestRulesSchema.parse({ sizing: { kind: 'cash-fraction', fraction: 0.5 } }),
    ...{ config: undefined, profile: undefined },
    ...changes,
  });
};

const tradeOf = ({ input }: LoadedInput): BacktestResult['trades'][number] | undefined =>
  runBacktest(input).trades[0];

const PERP = {
  'perp/1h/BTC_USDT_last.csv': candleFile(hours(100)),
  'perp/1h/BTC_USDT_mark.csv': candleFile(hours(85)),
  'funding/binance_BTC_USDT.csv': fundingFile(),
};

it('pays the funding and is liquidated by the mark prices that a folder has, put together from finer ones', async () => {
  const loaded = await load(PERP);
  expect(loaded.notes).toEqual([]);
  // In at 4 h with 500 of margin for 5,000: 0.50 at 8 h and at 16 h. 499 + 50 (p − 100) = 0.005 · 50 p: p = 4501 / 49.75 = 90.472…
  expect(tradeOf(loaded)).toMatchObject({
    ...{ funding: -1, exitReason: 'liquidation', exitPrice: 90.47 },
    closeTimeMs: START_MS + (DIP_AT + 1) * HOUR_MS - 1,
  });
});

it('says so where there are none, or none as fine', async () => {
  const alone = await load({ 'perp/1h/BTC_USDT_last.csv': candleFile(hours(85)) });
  expect(alone.notes).toEqual([
    `There are no funding rates of ${SYMBOL}: none is paid.`,
    `There are no mark prices for every bar of ${SYMBOL}: its last prices liquidate.`,
  ]);
  expect(tradeOf(alone)).toMatchObject({ funding: 0, exitReason: 'liquidation', exitPrice: 90.45 });
  // A mark price of an hour is missing: the four hours of which it is one may have dipped in it.
  const holed = await load({ ...PERP, 'perp/1h/BTC_USDT_mark.csv': candleFile(hours(85), DIP_AT) });
  expect(holed.notes).toEqual([
    `There are no mark prices for every bar of ${SYMBOL}: its last prices liquidate.`,
  ]);
  expect(tradeOf(holed)).toMatchObject({ exitReason: 'end-of-data' });
  const coarse = await load(
    { ...PERP, 'perp/30m/BTC_USDT_last.csv': halfHours(hours(100)) },
    { timeframe: '1h', finer: '30m' },
  );
  expect(coarse.notes).toEqual([
    `There are no mark prices of ${SYMBOL} as fine as 30m: those of 1h liquidate.`,
  ]);
});

const halfHours = (candles: readonly Candle[]): string =>
  `timestamp_ms,open,high,low,close,volume\n${candles
    .flatMap(([open, high, low, close], at) =>
      [0, 0.5].map((half) => [START_MS + (at + half) * HOUR_MS, open, high, low, close, 5].join(',')),
    )
    .join('\n')}\n`;

it('takes nothing of another venue', async () => {
  const files = {
    'binance/perp/1h/BTC_USDT_last.csv': candleFile(hours(100)),
    'binance/perp/1h/BTC_USDT_mark.csv': candleFile(hours(100)),
    'bybit/perp/1h/BTC_USDT_last.csv': candleFile(hours(100)),
    'bybit/perp/1h/BTC_USDT_mark.csv': candleFile(hours(85)),
    'bybit/funding/BTC_USDT.csv': fundingFile(0.0003),
  };
  const binance = await load(files, { venue: 'binance' });
  expect(binance.notes).toEqual([`There are no funding rates of ${SYMBOL}: none is paid.`]);
  expect(tradeOf(binance)).toMatchObject({ funding: 0, exitReason: 'end-of-data' });
  const bybit = await load(files, { venue: 'bybit' });
  expect(tradeOf(bybit)).toMatchObject({ funding: -3, exitReason: 'liquidation' });
});

it('says how many bars the finer ones that were asked for leave untold', async () => {
  const dipped = { 'spot/1h/BTC_USDT.csv': candleFile(hours(85)) };
  const spot = { symbols: ['BTC/USDT'], timeframe: '1h', finer: '30m' } as const;
  const whole = await load({ ...dipped, 'spot/30m/BTC_USDT.csv': halfHours(hours(85)) }, spot);
  expect(whole.notes).toEqual([]);
  const part = await load({ ...dipped, 'spot/30m/BTC_USDT.csv': halfHours(hours(99)) }, spot);
  expect(part.notes).toEqual([
    '1 of 36 bars of BTC/USDT 1h are not wholly told by those of 30m; they are read as if there were none.',
  ]);
});

describe('a symbol whose trading rules are not known', () => {
  const spot = { symbols: ['PEPE/USDT'], timeframe: '1h', startingBalance: d('10000') } as const;
  const fileOf = (price: number): Record<string, string> => ({
    'spot/1h/PEPE_USDT.csv': candleFile(still(price, 30)),
  });

  it.each([
    [40_000.12345678, '0.00001'],
    [0.05123456, '0.0001'],
    [0.00001234, '0.1'],
    [0.00000012, '10'],
  ])('at %d is bought in lots of %s', async (price, lot) => {
    const loaded = await load(fileOf(price), {
      ...spot,
      runs: [{ name: 'scripted', strategy: scripted({ 0: { stop: price / 2, target: price * 2 } }) }],
    });
    expect(loaded.markets[0]?.instrument).toMatchObject({ tickSize: '0.00000001', stepSize: lot });
    const trade = tradeOf(loaded);
    // Half of 10,000, to the lot.
    expect((trade?.quantity ?? 0) * (trade?.entryPrice ?? 0)).toBeCloseTo(5_000, 0);
    expect(trade).toMatchObject({ profit: 0 });
  });
});
