import fc from 'fast-check';
import type { SimulatedFill } from '../../backtest/account';
import { runBacktest, type BacktestResult } from '../../backtest/backtest';
import type { Depth } from '../../backtest/market';
import { backtestRulesSchema, perpetualSchema } from '../../backtest/rules';
import type { BarColumns } from '../../domain/bar-columns';
import { add, decimal, multiply, negate, subtract, sum, type DecimalString } from '../../domain/decimal';
import { ledgerOf } from '../../domain/ledger';
import { RandomStream } from '../../domain/random';
import {
  candles,
  COIN,
  d,
  scripted,
  spliced,
  START_MS,
  type Candle,
  type RuleInput,
  type Step,
} from './support';

fc.configureGlobal({ seed: 20_240_808, numRuns: 100 });

const LENGTH = 60;
const HOUR_MS = 3_600_000;
const ETHER = { ...COIN, symbol: 'ETHER/USDT', base: 'ETHER', tickSize: d('0.1'), stepSize: d('0.01') };

/** A wild market: bars of a few per cent, gaps between them, and volumes from nothing to plenty. */
function wildBars(seed: number, tick: number): BarColumns {
  const random = new RandomStream(seed);
  const onTick = (price: number): number => Number((Math.max(1, Math.round(price / tick)) * tick).toFixed(2));
  let price = 100;
  const list = Array.from({ length: LENGTH }, (): Candle => {
    const open = onTick(price * (1 + 0.01 * random.normal()));
    const close = onTick(open * (1 + 0.02 * random.normal()));
    const high = onTick(Math.max(open, close) * (1 + 0.01 * random.uniform()));
    const low = onTick(Math.min(open, close) * (1 - 0.01 * random.uniform()));
    price = close;
    return [
      open,
      Math.max(high, open, close),
      Math.min(low, open, close),
      close,
      Math.floor(60 * random.uniform()),
    ];
  });
  return candles(list);
}

/** Signals now and then, with brackets near enough to be reached. */
function wildSteps(
  seed: number,
  bars: BarColumns,
  sides: readonly ('long' | 'short')[],
): Record<number, Step> {
  const random = new RandomStream(seed ^ 0x5bd1e995);
  const steps: Record<number, Step> = {};
  for (let index = 0; index < LENGTH; index += 1) {
    const draw = random.uniform();
    const close = bars.close[index] ?? NaN;
    const side = sides[Math.floor(random.uniform() * sides.length)] ?? 'long';
    const away = (part: number): number => close * (1 + (side === 'long' ? part : -part));
    const trail = random.uniform() < 0.3 ? close * 0.02 : undefined;
    const bracket = {
      side,
      stop: away(-0.005 - 0.03 * random.uniform()),
      target: away(0.08 * random.uniform() + 0.07),
    };
    if (draw < 0.35) steps[index] = { ...bracket, ...(trail !== undefined && { trail }) };
    else if (draw < 0.45) steps[index] = 'exit';
  }
  return steps;
}

const anyRules: fc.Arbitrary<RuleInput> = fc.record({
  sizing: fc.constantFrom<RuleInput['sizing']>(
    { kind: 'cash-fraction', fraction: 0.3 },
    { kind: 'cash-fraction', fraction: 1 },
    { kind: 'risk', limits: { minRewardToRisk: 1 } },
  ),
  slippage: fc.constantFrom<RuleInput['slippage']>(
    { kind: 'none' },
    { kind: 'fixed', fraction: 0.0007 },
    { kind: 'volume-share', impact: 0.1 },
    { kind: 'book' },
  ),
  spreadFraction: fc.constantFrom(0, 0.0005),
  participation: fc.constantFrom(null, 0.1),
  latencyMs: fc.constantFrom(0, 1),
  targets: fc.constantFrom<RuleInput['targets']>('intrabar', 'close'),
  firstOfBoth: fc.constantFrom<RuleInput['firstOfBoth']>('stop', 'target'),
  bracketFrom: fc.constantFrom<RuleInput['bracketFrom']>('reference', 'fill'),
});

/** Limits need sizing by risk. */
const withEntry = fc.tuple(anyRules, fc.boolean()).map(([rules, limit]): RuleInput => ({
  ...rules,
  ...(limit && rules.sizing?.kind === 'risk' && { entry: { kind: 'limit', ttlBars: 2 } }),
}));

interface World {
  readonly coin: BarColumns;
  readonly ether: BarColumns;
  readonly steps: readonly Record<number, Step>[];
  readonly rules: RuleInput;
}

/** Its seed and its rules, so that a failure can be read. */
const anyWorld = fc.tuple(fc.integer({ min: 1, max: 1e6 }), withEntry);

function worldOf([seed, rules]: readonly [number, RuleInput]): World {
  const [coin, ether] = [wildBars(seed, 0.01), wildBars(seed + 1, 0.1)];
  const steps = [wildSteps(seed, coin, ['long']), wildSteps(seed + 2, ether, ['long'])];
  return { coin, ether, steps, rules };
}

/** A thin book, and later a thinner one. */
const DEPTH: Depth = {
  timeMs: Float64Array.of(START_MS, START_MS + 20 * HOUR_MS),
  bids: [Float64Array.of(99.9, 1, 99.7, 30), Float64Array.of(99.8, 0.5, 99.2, 4)],
  asks: [Float64Array.of(100.1, 1, 100.3, 30), Float64Array.of(100.2, 0.5, 100.8, 4)],
};

/** Two strategies on two symbols and one account. */
function run({
  coin,
  ether,
  steps,
  rules,
}: World): BacktestResult & { readonly fills: readonly SimulatedFill[] } {
  const fills: SimulatedFill[] = [];
  const result = runBacktest({
    markets: [
      { instrument: COIN, timeframe: '1h', bars: coin, depth: DEPTH },
      { instrument: ETHER, timeframe: '1h', bars: ether, depth: DEPTH },
    ],
    runs: steps.map((script, index) => ({
      name: `run-${index}`,
      strategy: scripted(script),
      symbols: [index === 0 ? COIN.symbol : ETHER.symbol],
      maxHoldingBars: 12,
    })),
    startingBalance: d('1000'),
    rules: backtestRulesSchema.parse({ ...rules, equityPerBar: true }),
    onFill: (fill) => fills.push(fill),
  });
  return { ...result, fills };
}

const exactly = (value: number): DecimalString => decimal(value.toFixed(8));
const notional = ({ price, quantity }: SimulatedFill): DecimalString =>
  multiply(decimal(String(price)), decimal(String(quantity)));

/** What a fill does to cash. */
const cashOf = (fill: SimulatedFill): DecimalString =>
  subtract(fill.side === 'buy' ? negate(notional(fill)) : notional(fill), exactly(fill.fee));

const heldOf = (fills: readonly SimulatedFill[], symbol: string): DecimalString =>
  sum(
    fills
      .filter((fill) => fill.symbol === symbol)
      .map(({ side, quantity }) =>
        side === 'buy' ? decimal(String(quantity)) : negate(decimal(String(quantity))),
      ),
  );

const closeAt = (bars: BarColumns, timeMs: number): DecimalString =>
  decimal(String(bars.close[Math.max(0, (timeMs - START_MS) / HOUR_MS - 1)] ?? NaN));

describe('on any spot market, whatever the rules', () => {
  it('equity is cash and what is held, at every close, to the last digit', () => {
    fc.assert(
      fc.property(anyWorld, (given) => {
        const world = worldOf(given);
        const { equity, fills } = run(world);
        // The last close is marked, and then everything is sold at it.
        for (const point of equity.slice(0, -1)) {
          // What fills at the open at this instant comes after the mark.
          const before = fills.filter(({ timeMs }) => timeMs < point.timeMs);
          const cash = add(d('1000'), sum(before.map(cashOf)));
          const worth = (symbol: string, bars: BarColumns): DecimalString =>
            multiply(heldOf(before, symbol), closeAt(bars, point.timeMs));
          const expected = add(cash, add(worth(COIN.symbol, world.coin), worth(ETHER.symbol, world.ether)));
          expect(exactly(point.equity)).toBe(expected);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('profits add up to what the account has gained, and each is what the ledger makes of its fills', () => {
    let count = 0;
    fc.assert(
      fc.property(anyWorld, (given) => {
        const world = worldOf(given);
        const { trades, fills, finalEquity } = run(world);
        expect(sum(trades.map(({ profit }) => exactly(profit)))).toBe(
          subtract(exactly(finalEquity), d('1000')),
        );
        for (const trade of trades) {
          const own = fills.filter(
            ({ symbol, timeMs }) =>
              symbol === trade.symbol && timeMs >= trade.openTimeMs && timeMs <= trade.closeTimeMs,
          );
          const ledger = ledgerOf(
            own.map((fill, index) => ({
              ...{ symbol: fill.symbol, side: fill.side, marketTimeMs: fill.timeMs, feeAsset: 'USDT' },
              ...{
                tradeId: String(index),
                clientOrderId: '',
                exchangeOrderId: '',
                liquidity: 'taker' as const,
              },
              price: decimal(String(fill.price)),
              quantity: decimal(String(fill.quantity)),
              fee: exactly(fill.fee),
            })),
            { base: trade.symbol, quote: 'USDT' },
          );
          expect(ledger.heldQuantity).toBe('0');
          expect(ledger.realisedPnl).toBe(exactly(trade.profit));
          expect(ledger.quoteFees).toBe(exactly(trade.fees));
          count += 1;
        }
      }),
    );
    expect(count).toBeGreaterThan(500);
  });

  it('a future that is altered changes no fill before it', () => {
    fc.assert(
      fc.property(
        anyWorld,
        fc.integer({ min: 5, max: LENGTH - 5 }),
        fc.integer(),
        (given, cut, otherSeed) => {
          const world = worldOf(given);
          const altered = {
            ...world,
            coin: spliced(world.coin, wildBars(otherSeed, 0.01), cut),
            ether: spliced(world.ether, wildBars(otherSeed + 1, 0.1), cut),
          };
          const cutMs = START_MS + cut * HOUR_MS;
          const before = (all: readonly SimulatedFill[]): readonly SimulatedFill[] =>
            all.filter(({ timeMs }) => timeMs < cutMs);
          expect(before(run(altered).fills)).toEqual(before(run(world).fills));
        },
      ),
    );
  });

  it('cash is never overdrawn', () => {
    fc.assert(
      fc.property(anyWorld, (given) => {
        const world = worldOf(given);
        let cash = 1000;
        for (const fill of run(world).fills) {
          cash += Number(cashOf(fill));
          expect(cash).toBeGreaterThan(-1e-6);
        }
      }),
    );
  });
});

it('on any perpetual market profits add up to what the account has gained, and it is never below zero', () => {
  const reasons = new Set<string>();
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e6 }),
      fc.constantFrom(1, 3, 20, 100),
      fc.constantFrom(null, 0.1),
      (seed, leverage, participation) => {
        const bars = wildBars(seed, 0.01);
        const { trades, finalEquity, equity } = runBacktest({
          markets: [
            {
              instrument: COIN,
              timeframe: '1h',
              bars,
              perpetual: perpetualSchema.parse({ leverage }),
              funding: {
                timeMs: Float64Array.from({ length: 7 }, (_, index) => START_MS + index * 8 * HOUR_MS),
                rate: Float64Array.from({ length: 7 }, (_, index) => 0.0003 * (index % 3) - 0.0002),
              },
            },
          ],
          runs: [
            {
              name: 'wild',
              strategy: scripted(wildSteps(seed, bars, ['long', 'short'])),
              symbols: [COIN.symbol],
              maxHoldingBars: null,
            },
          ],
          startingBalance: d('1000'),
          rules: backtestRulesSchema.parse({
            sizing: { kind: 'cash-fraction', fraction: 0.5 },
            participation,
            equityPerBar: true,
          }),
        });
        expect(sum(trades.map(({ profit }) => exactly(profit)))).toBe(
          subtract(exactly(finalEquity), d('1000')),
        );
        expect(finalEquity).toBeGreaterThanOrEqual(0);
        expect(equity.every((point) => Number.isFinite(point.equity))).toBe(true);
        for (const { exitReason } of trades) reasons.add(exitReason);
      },
    ),
  );
  expect([...reasons]).toEqual(expect.arrayContaining(['liquidation', 'stop', 'target', 'strategy']));
});
