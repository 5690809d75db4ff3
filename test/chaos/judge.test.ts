import { decimal } from '../../domain/decimal';
import { OrderState } from '../../domain/order';
import { PositionState } from '../../domain/position';
import type { ExchangeRecord } from '../../emulator/journal/record';
import { DifferenceKind } from '../crash/harness/compare-records';
import type { JournalRecord } from '../crash/harness/journal-record';
import { AT, entry, evidence, history, stop } from './evidence';
import { judge, type Evidence, type Figures } from './judge';
import { Target } from './schedule';

const { exchange, journal } = evidence.records;
const there = (fields: Partial<ExchangeRecord>): Evidence => ({
  ...evidence,
  records: { ...evidence.records, exchange: { ...exchange, ...fields } },
});
const here = (fields: Partial<JournalRecord>): Evidence => ({
  ...evidence,
  records: { ...evidence.records, journal: { ...journal, ...fields } },
});

describe('a run that went well', () => {
  it('has its figures, and no differences', () => {
    const { figures, differences } = judge(evidence);
    expect(differences).toEqual([]);
    expect(figures).toEqual({
      kills: 2,
      faults: 4,
      orders: 3,
      fills: 2,
      duplicates: 0,
      lost: 0,
      orphaned: 0,
      unprotectedSecondsP50: 2,
      unprotectedSecondsMax: 2,
      unprotectedAnsweredSecondsMax: 2,
      unprotectedWithProofsSecondsMax: 2,
      resumeSecondsP50: 1.25,
      resumeSecondsP99: 4.5,
      resumeSecondsMax: 4.5,
    });
  });

  it('meets its goals', () => {
    expect(judge(evidence).goals.filter(({ isMet }) => !isMet)).toEqual([]);
  });
});

describe('a doctored record', () => {
  const open = { ...stop, status: 'NEW' };
  it.each<[what: string, Evidence, keyof Figures]>([
    [
      'an intent with two orders',
      there({ orders: [...exchange.orders, { ...entry, orderId: 9 }] }),
      'duplicates',
    ],
    [
      'a position entered twice, under two ids',
      {
        ...there({ orders: [...exchange.orders, { ...entry, orderId: 9, clientOrderId: 'entry-2' }] }),
        records: {
          ...evidence.records,
          exchange: {
            ...exchange,
            orders: [...exchange.orders, { ...entry, orderId: 9, clientOrderId: 'entry-2' }],
          },
          journal: {
            ...journal,
            orders: journal.orders.flatMap((order) =>
              order.clientOrderId === 'entry'
                ? [order, { ...order, clientOrderId: 'entry-2', sequence: 1 }]
                : [order],
            ),
          },
        },
      },
      'duplicates',
    ],
    ['a fill that the journal lacks', here({ fills: journal.fills.slice(1) }), 'lost'],
    ['a fill that the exchange never had', there({ trades: exchange.trades.slice(1) }), 'lost'],
    ['an order that the exchange never had', there({ orders: exchange.orders.slice(1) }), 'lost'],
    [
      'an order that the journal gave up and the exchange executed',
      here({
        orders: journal.orders.map((order) => ({ ...order, state: OrderState.Abandoned })),
      }),
      'lost',
    ],
    [
      'money that is off by its last unit',
      there({ balances: [{ account: 'main', asset: 'USDT', free: '9999.99999999', locked: '0' }] }),
      'lost',
    ],
    [
      'an open order that nobody knows',
      there({ orders: [...exchange.orders, { ...open, orderId: 9, clientOrderId: 'stray' }] }),
      'orphaned',
    ],
    [
      'a stop that rests for a closed position',
      there({ orders: exchange.orders.map((order) => (order.orderId === 2 ? open : order)) }),
      'orphaned',
    ],
    [
      'holdings of a closed position',
      {
        ...there({ trades: exchange.trades.slice(0, 1) }),
      },
      'orphaned',
    ],
    [
      'a live position without an owner',
      { ...evidence, unfinished: [{ kind: DifferenceKind.Orphaned, text: 'p is live and has no owner' }] },
      'orphaned',
    ],
  ])('%s is found', (_, doctored, figure) => {
    expect(judge(doctored).figures[figure]).toBeGreaterThan(0);
  });

  it('orders of other accounts are nobody’s here', () => {
    const stranger = { ...open, account: 'other', clientOrderId: 'theirs', orderId: 9 };
    const { figures, differences } = judge(there({ orders: [...exchange.orders, stranger] }));
    expect(differences).toEqual([]);
    expect(figures.orders).toBe(3);
  });
});

describe('unprotected time', () => {
  const measured = (fields: Partial<Evidence>) => judge({ ...evidence, ...fields }).exposures[0];

  it('counts while other servers are down', () => {
    const downtimes = [{ target: Target.Postgres, fromMs: 1_500, toMs: 2_000 }];
    expect(measured({ downtimes })).toMatchObject({ unprotectedMs: 2_000, excusedMs: 0, answeredMs: 2_000 });
  });

  it('counts what a stop does not cover, unless that is dust', () => {
    const covering = (quantity: string) =>
      history.map((change) =>
        change.order.orderId === 2 ? { ...change, order: { ...change.order, quantity } } : change,
      );
    expect(measured({ history: covering('0.90000') })?.unprotectedMs).toBe(AT.sold - AT.bought);
    expect(measured({ history: covering('0.99999') })?.unprotectedMs).toBe(AT.protectedAt - AT.bought);
  });

  it('goes on to the end when a stop never comes', () => {
    const only = history.filter(({ order }) => order.orderId === 1);
    expect(measured({ history: only })?.unprotectedMs).toBe(AT.end - AT.bought);
  });

  it('begins again when the exchange ends the stop', () => {
    const cancelled = {
      ...history[3],
      kind: 'closed',
      wallMs: 10_000,
      clockMs: 10_000,
      order: stop,
    } as const;
    const longer = [...history.slice(0, 3), cancelled, ...history.slice(4)];
    expect(measured({ history: longer })?.unprotectedMs).toBe(2_000 + AT.sold - 10_000);
  });

  it('is told with and without the time that a proof takes', () => {
    const lost = journal.orders.flatMap((order) =>
      order.clientOrderId === stop.clientOrderId
        ? [{ ...order, clientOrderId: 'lost', state: OrderState.Abandoned }]
        : [],
    );
    const { figures } = judge({
      ...here({ orders: [...journal.orders, ...lost] }),
      silence: {
        outages: [],
        unserved: [
          {
            ...{ key: 'POST /api/v3/order', symbol: 'BTCUSDT', clientOrderId: 'lost' },
            ...{ fromMs: 1_100, toMs: 1_200, why: 'it was not answered', isClear: false },
          },
        ],
      },
    });
    expect(figures).toMatchObject({
      unprotectedAnsweredSecondsMax: 0.1,
      unprotectedWithProofsSecondsMax: 1.9,
    });
  });

  it('is not of positions that never held anything', () => {
    expect(judge({ ...evidence, history: [] }).exposures).toEqual([]);
  });

  it('is null without positions', () => {
    expect(judge({ ...evidence, history: [] }).figures).toMatchObject({
      unprotectedSecondsP50: null,
      unprotectedSecondsMax: null,
      unprotectedAnsweredSecondsMax: null,
      unprotectedWithProofsSecondsMax: null,
    });
  });
});

describe('resuming', () => {
  it('after a kill of the worker is when the last struck piece of work was begun anew', () => {
    const [first] = judge(evidence).resumptions;
    expect(first).toMatchObject({ tookMs: 4_500, what: 'submitOrder of order/p/stop' });
  });

  it('does not count the time in which a server was down', () => {
    const downtimes = [...evidence.downtimes, { target: Target.Temporal, fromMs: 3_000, toMs: 5_000 }];
    expect(judge({ ...evidence, downtimes }).resumptions[0]).toMatchObject({ tookMs: 2_500 });
  });

  it('after a kill of a server is the first activity once it can be reached', () => {
    expect(judge(evidence).resumptions[1]).toMatchObject({ tookMs: 1_250, what: 'loadPosition of p' });
  });

  it('is not told by work that has failed by itself in between', () => {
    const [task] = evidence.tasks;
    if (task === undefined) throw new Error('The evidence has tasks.');
    const late = { ...task, startedMs: 9_500, endedMs: 9_600 };
    const first = (triedBefore: boolean) =>
      judge({ ...evidence, tasks: [...evidence.tasks, { ...late, triedBefore }] }).resumptions[0];
    expect(first(false)).toMatchObject({ tookMs: 7_500 });
    expect(first(true)).toMatchObject({ tookMs: 4_500 });
  });

  it('of work that two kills struck is counted from the later one', () => {
    const again = { killedMs: 4_000, targets: [Target.Worker] };
    const [first, second] = evidence.strikes;
    if (first === undefined || second === undefined) throw new Error('The evidence has two strikes.');
    const { resumptions } = judge({ ...evidence, strikes: [first, again, second] });
    expect(resumptions.find(({ strike }) => strike === again)).toMatchObject({ tookMs: 2_500 });
  });
});

it('a live position at the end is judged like any other', () => {
  const live = journal.positions.map((position) => ({ ...position, state: PositionState.Live }));
  const held = {
    ...evidence,
    records: {
      ...evidence.records,
      journal: {
        ...journal,
        positions: live,
        orders: journal.orders.map((order) =>
          order.clientOrderId === 'exit'
            ? { ...order, state: OrderState.Abandoned, filledQuantity: decimal('0') }
            : order,
        ),
      },
      exchange: { ...exchange, orders: exchange.orders.slice(0, 2), trades: exchange.trades.slice(0, 1) },
    },
  };
  expect(judge(held).differences).toContainEqual({
    kind: DifferenceKind.Unprotected,
    text: 'p holds 1 without a resident stop',
  });
});
