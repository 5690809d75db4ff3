import { OrderState } from '../../domain/order';
import { PROOF_OF_ABSENCE_MS } from '../../domain/order-timing';
import type { UnservedCall } from '../crash/harness/exchange-proxy';
import { BTC } from '../domain/fixtures';
import { evidence } from './evidence';
import { excusesOf, outagesOf, type Outage, type Silence } from './excuses';
import { judge } from './judge';
import { Target } from './schedule';

/**
 * The position `p` stands bare from 1,000 to 3,000 ms, 2,000 ms in all. A second one, `q`, on the same pair, does so at the
 * same time; what is about the orders of the one must not excuse the other.
 */
const { records, history } = evidence;
const twin = (id: string): string => `twin-${id}`;
const { orders, positions } = records.journal;
const journal = {
  ...records.journal,
  orders: [
    ...orders,
    ...orders.map((order) => ({ ...order, clientOrderId: twin(order.clientOrderId), positionId: 'q' })),
  ],
  positions: [...positions, ...positions.map((position) => ({ ...position, positionId: 'q' }))],
};
const two = {
  ...evidence,
  records: { ...records, journal },
  history: [
    ...history,
    ...history.map((change) => {
      const order = {
        ...change.order,
        orderId: change.order.orderId + 10,
        clientOrderId: twin(change.order.clientOrderId),
      };
      return { ...change, order };
    }),
  ],
};

const lostOrder = (positionId: string, clientOrderId: string) =>
  orders.flatMap((order) =>
    order.clientOrderId === 'stop'
      ? [{ ...order, positionId, clientOrderId, state: OrderState.Abandoned }]
      : [],
  );

/** Milliseconds that are excused of `p` and of `q`. */
function excused(silence: Partial<Silence>, lost = lostOrder('p', 'lost')): readonly (number | undefined)[] {
  const { exposures } = judge({
    ...two,
    records: { ...records, journal: { ...journal, orders: [...journal.orders, ...lost] } },
    silence: { outages: [], unserved: [], ...silence },
  });
  for (const { unprotectedMs, answeredMs, excusedMs } of exposures) {
    expect(unprotectedMs).toBe(2_000);
    expect(answeredMs + excusedMs).toBe(unprotectedMs);
  }
  return ['p', 'q'].map((id) => exposures.find(({ positionId }) => positionId === id)?.excusedMs);
}

const place = (clientOrderId: string, fields: Partial<UnservedCall> = {}): UnservedCall => ({
  ...{ key: 'POST /api/v3/order', symbol: 'BTCUSDT', clientOrderId },
  ...{ fromMs: 1_100, toMs: 1_200, why: 'it was not answered', isClear: false },
  ...fields,
});
const lookUp = (fields: Partial<UnservedCall>): UnservedCall => ({
  ...{ key: 'GET /api/v3/order', symbol: 'BTCUSDT', fromMs: 1_500, toMs: 1_800 },
  ...{ why: 'status 502', isClear: false },
  ...fields,
});
const outage = (fields: Partial<Outage> = {}): Outage => ({
  fromMs: 1_500,
  toMs: 2_000,
  why: 'maintenance',
  ...fields,
});

describe('what excuses every position', () => {
  it('is that the exchange was down, until it serves again', () => {
    const downtimes = [{ target: Target.Exchange, fromMs: 1_500, toMs: 2_000 }];
    expect(judge({ ...two, downtimes }).exposures.map(({ excusedMs }) => excusedMs)).toEqual([500, 500]);
  });

  it('is maintenance, or a clock that is off', () => {
    expect(excused({ outages: [outage()] })).toEqual([500, 500]);
  });

  it('is a ban, from the answer that told of it to the time that it named, whatever was asked', () => {
    const banned = { toMs: 1_500, isClear: true, bannedUntilMs: 2_500, why: 'status 429' };
    const ofPrices: UnservedCall = { key: 'GET /api/v3/klines', symbol: 'ETHUSDT', fromMs: 1_000, ...banned };
    expect(excused({ unserved: [ofPrices] })).toEqual([1_000, 1_000]);
  });
});

describe('what excuses positions of one pair', () => {
  it('is the break of that pair', () => {
    expect(excused({ outages: [outage({ symbol: 'BTCUSDT' })] })).toEqual([500, 500]);
    expect(excused({ outages: [outage({ symbol: 'ETHUSDT' })] })).toEqual([0, 0]);
  });
});

describe('what excuses one position', () => {
  it('is a request to change its own order, until its sender gave up', () => {
    expect(excused({ unserved: [place('stop')] })).toEqual([100, 0]);
    expect(excused({ unserved: [place('entry')] })).toEqual([100, 0]);
    expect(excused({ unserved: [place('stop', { key: 'DELETE /api/v3/order' })] })).toEqual([100, 0]);
    expect(excused({ unserved: [place(twin('stop'))] })).toEqual([0, 100]);
    expect(excused({ unserved: [place('of nobody here')] })).toEqual([0, 0]);
  });

  it('is a stop that came to nothing, until that could be proven and not longer', () => {
    const early = { fromMs: -2_500, toMs: -2_000 };
    expect(excused({ unserved: [place('lost')] })).toEqual([1_900, 0]);
    expect(excused({ unserved: [place('lost', early)] })).toEqual([PROOF_OF_ABSENCE_MS - 3_000, 0]);
    expect(excused({ unserved: [place('lost', early)] }, lostOrder('q', 'lost'))).toEqual([
      0,
      PROOF_OF_ABSENCE_MS - 3_000,
    ]);
  });

  it('is no proof that nobody needs: of a refusal, of what was executed, of an entry', () => {
    expect(excused({ unserved: [place('lost', { isClear: true })] })).toEqual([100, 0]);
    expect(excused({ unserved: [place('stop')] })).toEqual([100, 0]);
    const entry = orders.flatMap((order) =>
      order.clientOrderId === 'entry'
        ? [{ ...order, clientOrderId: 'lost', state: OrderState.Abandoned }]
        : [],
    );
    expect(excused({ unserved: [place('lost')] }, entry)).toEqual([100, 0]);
  });

  it('is a look-up of its order, or of its pair, only while a change of its own is not proven', () => {
    const byId = lookUp({ clientOrderId: 'stop' });
    const byPair = lookUp({ key: 'GET /api/v3/myTrades' });
    expect(excused({ unserved: [byId] })).toEqual([0, 0]);
    expect(excused({ unserved: [byPair] })).toEqual([0, 0]);
    expect(excused({ unserved: [place('stop'), byId] })).toEqual([400, 0]);
    expect(excused({ unserved: [place('stop'), byPair] })).toEqual([400, 0]);
    expect(excused({ unserved: [place('stop'), lookUp({ clientOrderId: twin('stop') })] })).toEqual([100, 0]);
    expect(excused({ unserved: [place('stop'), { ...byPair, symbol: 'ETHUSDT' }] })).toEqual([100, 0]);
    const long = place('stop', { fromMs: -3_000, toMs: 1_400 - PROOF_OF_ABSENCE_MS });
    expect(excused({ unserved: [long, byId] })).toEqual([0, 0]);
  });
});

it('nothing is excused twice', () => {
  const silence = {
    outages: [outage(), outage({ fromMs: 1_800, toMs: 2_200 })],
    unserved: [
      place('stop', { toMs: 1_700 }),
      place('stop', { fromMs: 1_600, toMs: 1_900 }),
      lookUp({ clientOrderId: 'stop' }),
    ],
  };
  expect(excused(silence)).toEqual([1_100, 700]);
});

it('time in which the position was protected is no excuse for when it was not', () => {
  expect(excused({ outages: [outage({ fromMs: 3_000, toMs: 9_000 })] })).toEqual([0, 0]);
});

it('an excuse is told with the position that it excuses', () => {
  const [first, second] = judge({
    ...two,
    silence: { outages: [outage({ fromMs: 8_000, toMs: 9_000 })], unserved: [place('stop')] },
  }).exposures;
  expect(first?.excuses.map(({ why }) => why)).toEqual(['POST /api/v3/order of `stop`: it was not answered']);
  expect(second?.excuses).toEqual([]);
});

it('positions of another pair are no part of its look-ups', () => {
  const [position] = positions;
  if (position === undefined) throw new Error('The evidence has a position.');
  const ofEth = { ...position, instrument: { ...BTC, symbol: 'ETH/USDT', base: 'ETH' } };
  const silence = { outages: [], unserved: [place('stop'), lookUp({ key: 'GET /api/v3/openOrders' })] };
  expect(excusesOf({ orders }, silence, PROOF_OF_ABSENCE_MS)(position)).toHaveLength(2);
  expect(excusesOf({ orders }, silence, PROOF_OF_ABSENCE_MS)(ofEth)).toHaveLength(1);
});

describe('a planned outage', () => {
  it('dies with the exchange', () => {
    expect(outagesOf([outage()], [400, 1_700, 1_900])).toEqual([outage({ toMs: 1_700 })]);
    expect(outagesOf([outage()], [2_400])).toEqual([outage()]);
  });

  it('that is the break of a pair outlives the exchange, and ends with the first that is undone', () => {
    const first = outage({ symbol: 'BTCUSDT' });
    const second = outage({ symbol: 'BTCUSDT', fromMs: 1_800, toMs: 2_600 });
    const other = outage({ symbol: 'ETHUSDT', fromMs: 1_000, toMs: 1_900 });
    expect(outagesOf([first, second, other], [1_700])).toEqual([first, { ...second, toMs: 2_000 }, other]);
  });
});
