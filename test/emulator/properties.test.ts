import fc from 'fast-check';
import { rebuild } from '../../emulator/journal/record';
import { JOURNAL_FORMAT } from '../../emulator/journal/files';
import { decode, encode } from '../../emulator/journal/codec';
import { isOpen, OrderType, Refusal, Side, TimeInForce, type Trade } from '../../emulator/engine/types';
import { MarketMode } from '../../emulator/market/source';
import { Desk } from './desk';
import { BTC } from './scripted-market';

const accounts = ['alice', 'bob', 'carol'] as const;
const seed = 20_260_314;
const opening = { USDT: '5000', BTC: '20' };

const price = fc.integer({ min: 9850, max: 10_150 }).map((ticks) => (ticks / 100).toFixed(2));
const quantity = fc.integer({ min: 6000, max: 300_000 }).map((lots) => (lots / 100_000).toFixed(5));
const side = fc.constantFrom(...Object.values(Side));
const account = fc.constantFrom(...accounts);
const level = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 400 }));

const command = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('place' as const),
      account,
      side,
      type: fc.constantFrom(...Object.values(OrderType)),
      timeInForce: fc.constantFrom(...Object.values(TimeInForce)),
      price,
      stopPrice: price,
      quantity,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('budget' as const),
      account,
      side,
      quoteOrderQty: fc.integer({ min: 5, max: 6000 }).map(String),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('list' as const),
      account,
      side,
      low: price,
      high: price,
      quantity,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), account, nth: fc.nat(20) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('replace' as const),
      account,
      nth: fc.nat(20),
      side,
      price,
      quantity,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('market' as const),
      mid: fc.integer({ min: 9850, max: 10_150 }),
      bids: fc.array(level, { maxLength: 5 }),
      asks: fc.array(level, { maxLength: 5 }),
      prints: fc.array(
        fc.tuple(
          fc.constantFrom('buy' as const, 'sell' as const),
          fc.integer({ min: -60, max: 60 }),
          fc.integer({ min: 1, max: 1500 }),
        ),
        { maxLength: 4 },
      ),
    }),
  },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

function nthOpen(desk: Desk, owner: string, nth: number): number {
  const open = [...desk.state.openOrders(owner)];
  return open.length === 0 ? 0 : (open[nth % open.length]?.orderId ?? 0);
}

function ladder(
  mid: number,
  sign: 1 | -1,
  levels: readonly (readonly [number, number])[],
): [number, number][] {
  let distance = 0;
  return levels.map(([gap, hundredths]) => {
    distance += gap;
    return [(mid + sign * distance) / 100, hundredths / 100];
  });
}

function run(desk: Desk, step: Command): void {
  switch (step.kind) {
    case 'place': {
      const { type, price: limit, stopPrice, quantity: amount, timeInForce } = step;
      desk.place(step.account, step.side, type, { quantity: amount, price: limit, stopPrice, timeInForce });
      return;
    }
    case 'budget':
      desk.place(step.account, step.side, OrderType.Market, { quoteOrderQty: step.quoteOrderQty });
      return;
    case 'list': {
      const limit = {
        symbol: 'BTCUSDT',
        side: step.side,
        type: OrderType.LimitMaker,
        quantity: step.quantity,
      };
      const stop = { symbol: 'BTCUSDT', side: step.side, type: OrderType.StopLoss, quantity: step.quantity };
      const sells = step.side === Side.Sell;
      const above = sells ? { ...limit, price: step.high } : { ...stop, stopPrice: step.high };
      const below = sells ? { ...stop, stopPrice: step.low } : { ...limit, price: step.low };
      desk.exchange.placeList(step.account, { symbol: 'BTCUSDT', above, below }, desk.nowMs);
      return;
    }
    case 'cancel':
      desk.exchange.cancel(
        step.account,
        { symbol: 'BTCUSDT', orderId: nthOpen(desk, step.account, step.nth) },
        desk.nowMs,
      );
      return;
    case 'replace': {
      const cancel = { symbol: 'BTCUSDT', orderId: nthOpen(desk, step.account, step.nth) };
      const replacement = {
        symbol: 'BTCUSDT',
        side: step.side,
        type: OrderType.Limit,
        price: step.price,
        quantity: step.quantity,
      };
      desk.exchange.cancelReplace(step.account, { cancel, replacement, stopOnFailure: true }, desk.nowMs);
      return;
    }
    case 'market':
      desk.market({
        bids: ladder(step.mid, -1, step.bids),
        asks: ladder(step.mid, 1, step.asks),
        prints: step.prints.map(([who, offset, hundredths]) => [
          who,
          (step.mid + offset) / 100,
          hundredths / 100,
        ]),
      });
  }
}

/** Runs all commands; refusals are part of the game. */
function play(commands: readonly Command[], check: (desk: Desk) => void = () => undefined): Desk {
  const desk = new Desk({ accounts: Object.fromEntries(accounts.map((name) => [name, opening])) });
  for (const each of commands) {
    try {
      run(desk, each);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
    desk.collect();
    check(desk);
  }
  return desk;
}

const total = (desk: Desk, asset: string): bigint =>
  accounts.reduce(
    (sum, name) => sum + desk.state.balance(name, asset).free + desk.state.balance(name, asset).locked,
    0n,
  );

const commands = fc.array(command, { minLength: 40, maxLength: 60 });

describe('under any orders', () => {
  it('the commands reach what they are meant to test', () => {
    const seen = new Map<string, number>();
    for (const steps of fc.sample(commands, { seed, numRuns: 200 })) {
      for (const event of play(steps).events) {
        const kind =
          event.kind === 'orderTraded' ? `${event.kind} ${event.trade.counterparty.kind}` : event.kind;
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
      }
    }
    for (const kind of ['ladder', 'print', 'order'])
      expect(seen.get(`orderTraded ${kind}`)).toBeGreaterThan(50);
    for (const kind of ['orderTriggered', 'listClosed']) expect(seen.get(kind)).toBeGreaterThan(20);
  });

  it('no balance is ever negative, and what is locked is what open orders hold', () => {
    fc.assert(
      fc.property(commands, (steps) => {
        play(steps, (desk) => {
          const wrong = accounts.flatMap((name) =>
            ['USDT', 'BTC'].filter((asset) => {
              const { free, locked } = desk.state.balance(name, asset);
              const paying = asset === 'USDT' ? Side.Buy : Side.Sell;
              const mine = [...desk.state.openOrders(name)].filter((order) => order.side === paying);
              return free < 0n || locked !== mine.reduce((sum, order) => sum + order.locked, 0n);
            }),
          );
          expect(wrong).toEqual([]);
        });
      }),
      { seed, numRuns: 150 },
    );
  });

  it('money and volume are conserved: what users gain, third parties lose, less the fees', () => {
    fc.assert(
      fc.property(commands, (steps) => {
        const desk = play(steps);
        const signed = (trade: Trade): bigint => (trade.side === Side.Buy ? 1n : -1n);
        const expected = { BTC: 3n * 2_000_000_000n, USDT: 3n * 500_000_000_000n };
        for (const trade of desk.state.trades) {
          expected.BTC += signed(trade) * BigInt(trade.lots) * 1000n;
          expected.USDT -= signed(trade) * trade.quote;
          expected[trade.feeAsset as 'BTC' | 'USDT'] -= trade.fee;
        }
        expect({ BTC: total(desk, 'BTC'), USDT: total(desk, 'USDT') }).toEqual(expected);
        const between = desk.state.trades.filter((trade) => trade.counterparty.kind === 'order');
        expect(between.reduce((sum, trade) => sum + signed(trade) * BigInt(trade.lots), 0n)).toBe(0n);
        for (const order of desk.state.orders.values()) {
          const filled = desk.state.trades.filter((trade) => trade.orderId === order.orderId);
          expect(filled.reduce((sum, trade) => sum + trade.lots, 0)).toBe(order.filledLots);
          expect(order.filledLots).toBeLessThanOrEqual(order.quantityLots);
        }
      }),
      { seed, numRuns: 150 },
    );
  });

  it('no order trades beyond its limit, and the book is never crossed', () => {
    fc.assert(
      fc.property(commands, (steps) => {
        const desk = play(steps, ({ exchange }) => {
          const { book } = exchange.matcher('BTCUSDT');
          const [bid] = book.orders(Side.Buy);
          const [ask] = book.orders(Side.Sell);
          const [ladderBid] = book.ladderOf(Side.Buy);
          const [ladderAsk] = book.ladderOf(Side.Sell);
          const highest = Math.max(bid?.priceTicks ?? 0, ladderBid?.priceTicks ?? 0);
          const lowest = Math.min(ask?.priceTicks ?? Infinity, ladderAsk?.priceTicks ?? Infinity);
          expect(highest).toBeLessThan(lowest);
        });
        for (const trade of desk.state.trades) {
          const { side: bought, priceTicks } = desk.state.requireOrder(trade.orderId);
          if (priceTicks > 0)
            expect(
              bought === Side.Buy ? trade.priceTicks <= priceTicks : trade.priceTicks >= priceTicks,
            ).toBe(true);
        }
      }),
      { seed, numRuns: 150 },
    );
  });

  it('the queue keeps price-time order, and every waiting stop still waits for its price', () => {
    fc.assert(
      fc.property(commands, (steps) => {
        play(steps, ({ exchange }) => {
          const { book } = exchange.matcher('BTCUSDT');
          for (const each of Object.values(Side)) {
            const queue = book.orders(each);
            for (const [index, order] of queue.entries()) {
              const next = queue[index + 1];
              expect(isOpen(order.status)).toBe(true);
              if (next === undefined) continue;
              const better =
                each === Side.Buy ? order.priceTicks > next.priceTicks : order.priceTicks < next.priceTicks;
              expect(
                better || (order.priceTicks === next.priceTicks && order.workingMs <= next.workingMs),
              ).toBe(true);
            }
          }
          expect(book.triggeredBy(book.lastTicks)).toEqual([]);
        });
      }),
      { seed, numRuns: 150 },
    );
  });

  it('the same commands give the same events, and the events alone give the same state', () => {
    fc.assert(
      fc.property(commands, (steps) => {
        const desk = play(steps);
        expect(play(steps).events).toEqual(desk.events);
        const record = decode(encode({ clockMs: desk.nowMs, events: desk.events })) as {
          clockMs: number;
          events: typeof desk.events;
        };
        const session = { sessionId: 's', mode: MarketMode.Simulated, symbols: [BTC] };
        const head = {
          format: JOURNAL_FORMAT,
          session,
          clockMs: 0,
          snapshot: { balances: [], orders: [], lists: [], trades: [] },
        } as const;
        const replayed = rebuild({ head, records: [record], generation: 1, validBytes: 0 }, desk.instruments);
        expect(replayed.snapshot()).toEqual(desk.state.snapshot());
        const fromSnapshot = decode(encode({ ...head, snapshot: desk.state.snapshot() })) as typeof head;
        expect(
          rebuild(
            { head: fromSnapshot, records: [], generation: 1, validBytes: 0 },
            desk.instruments,
          ).snapshot(),
        ).toEqual(desk.state.snapshot());
      }),
      { seed, numRuns: 60 },
    );
  });
});
