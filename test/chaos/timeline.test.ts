import type { UnservedCall } from '../crash/harness/exchange-proxy';
import { AT, history } from './evidence';
import { exchangeEntries, gather, strikeEntries, timeline, unservedEntries } from './timeline';

const LIMIT_MS = 60_000;
const entry = (wallMs: number, text: string) => ({ wallMs, source: 'kill', text });

describe('the timeline', () => {
  it('has everything in the order of wall time; what is of one millisecond stays as it was told', () => {
    const told = timeline('A run', [entry(2_500, 'third'), entry(1_000, 'first'), entry(1_000, 'second')]);
    expect(told.split('\n')).toEqual([
      '# A run',
      '',
      '| wall time | seconds | source | what |',
      '|---|---:|---|---|',
      '| 00:00:01.000 |     0.000 | kill | first |',
      '| 00:00:01.000 |     0.000 | kill | second |',
      '| 00:00:02.500 |     1.500 | kill | third |',
      '',
    ]);
  });

  it('stays a table whatever it is told, and of nothing too', () => {
    expect(timeline('A run', [entry(0, 'a | b\nc')])).toContain('| kill | a \\| b c |');
    expect(timeline('A run', [])).toMatch(/^# A run\n\n\| wall time .*\n\|---.*\|\n$/);
  });

  it("tells the exchange's journal, each change as what it is", () => {
    const told = exchangeEntries(history);
    expect(told.map(({ wallMs }) => wallMs)).toEqual([
      ...[AT.bought, AT.bought, AT.protectedAt],
      ...[AT.sold, AT.sold, AT.sold],
    ]);
    expect(told.map(({ text }) => text)).toEqual([
      'accepted BUY LIMIT BTCUSDT `entry`: 1.00000, price 100.00',
      'traded BUY LIMIT BTCUSDT `entry`: 1.00000 at 100.00, fee 0 BTC; 1.00000 of 1.00000 done',
      'accepted SELL STOP_LOSS BTCUSDT `stop`: 1.00000, stop 90.00',
      'closed SELL STOP_LOSS BTCUSDT `stop`: CANCELED, 0.00000 of 1.00000 done',
      'accepted SELL MARKET BTCUSDT `exit`: 1.00000, price 0.00',
      'traded SELL MARKET BTCUSDT `exit`: 1.00000 at 100.00, fee 0 USDT; 1.00000 of 1.00000 done',
    ]);
  });

  it('tells what was not served, and what struck', () => {
    const call: UnservedCall = {
      ...{ key: 'POST /api/v3/order', clientOrderId: 'stop', why: 'the answer was 502', isClear: false },
      ...{ fromMs: 1_000, toMs: 1_400 },
    };
    expect(unservedEntries([call])).toEqual([
      {
        ...{ wallMs: 1_000, source: 'wire' },
        text: 'POST /api/v3/order was not served for 400 ms: the answer was 502',
      },
    ]);
    const strike = {
      faultId: '1',
      wallTimeMs: 5,
      marketTimeMs: 7,
      kind: 'reset-after',
      endpoint: 'POST /api/v3/order',
    } as const;
    expect(
      strikeEntries([
        { ...strike, clientOrderId: 'stop' },
        { ...strike, clientOrderId: null },
      ]),
    ).toEqual([
      { wallMs: 5, source: 'strike', text: 'reset-after strikes POST /api/v3/order `stop`' },
      { wallMs: 5, source: 'strike', text: 'reset-after strikes POST /api/v3/order' },
    ]);
  });
});

describe('what is gathered', () => {
  const good = { name: 'the log', read: () => [entry(1, 'told')] };

  it('is what everybody tells, and of those who cannot, that they cannot', async () => {
    const broken = {
      name: 'the journal',
      read: (): never => {
        throw new Error('no such file');
      },
    };
    const gone = { name: 'the histories', read: () => Promise.reject(new Error('refused')) };
    const told = await gather([broken, good, gone], LIMIT_MS);
    expect(told.map(({ source, text }) => `${source}: ${text}`)).toEqual([
      'harness: the journal could not be read: no such file',
      'kill: told',
      'harness: the histories could not be read: refused',
    ]);
  });

  it('does not wait for those who never answer', async () => {
    const silent = { name: 'the database', read: () => new Promise<never>(() => undefined) };
    const told = await gather([silent, good], 20);
    expect(told.map(({ text }) => text)).toEqual([
      'the database could not be read: not done after 0.02 s',
      'told',
    ]);
  });
});
