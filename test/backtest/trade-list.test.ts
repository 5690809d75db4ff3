import { performanceOf } from '../../backtest/trade-list/performance';
import { readTradeList } from '../../backtest/trade-list/read';
import { UserError } from '../../domain/errors';

const csv = (...lines: readonly string[]): string => `${lines.join('\n')}\n`;
const at = (iso: string): number => Date.parse(iso);

describe('reading a trade list', () => {
  it('CSV with nothing but the two columns that are needed', () => {
    const { trades } = readTradeList(
      csv('close_date,profit_abs', '2024-01-02 03:04:05+00:00,12.5', '2024-01-03,-3'),
      'list.csv',
    );
    expect(trades).toEqual([
      { closeTimeMs: at('2024-01-02T03:04:05Z'), profit: 12.5 },
      { closeTimeMs: at('2024-01-03T00:00:00Z'), profit: -3 },
    ]);
  });

  it('every column of freqtrade’s export; fees from its rates', () => {
    const { trades } = readTradeList(
      csv(
        'pair,stake_amount,amount,open_date,close_date,open_rate,close_rate,fee_open,fee_close,profit_ratio,profit_abs,exit_reason,is_short,funding_fees',
        'BTC/USDT:USDT,200,2,2024-01-02 00:00:00+00:00,2024-01-02 05:30:00+00:00,100,110,0.001,0.002,0.0978,19.36,roi,True,-0.2',
      ),
      'export.csv',
    );
    expect(trades).toEqual([
      {
        symbol: 'BTC/USDT:USDT',
        side: 'short',
        quantity: 2,
        openTimeMs: at('2024-01-02T00:00:00Z'),
        closeTimeMs: at('2024-01-02T05:30:00Z'),
        entryPrice: 100,
        exitPrice: 110,
        // 2 × (100 × 0.1 % + 110 × 0.2 %)
        fees: expect.closeTo(0.64, 12) as number,
        funding: -0.2,
        profitRatio: 0.0978,
        profit: 19.36,
        exitReason: 'roi',
      },
    ]);
  });

  it.each([
    ['a zone', '2024-05-31T14:00:00+02:00', '2024-05-31T12:00:00Z'],
    ['no zone: UTC', '2024-05-31 14:00', '2024-05-31T14:00:00Z'],
    ['milliseconds', '1717164000000', '2024-05-31T14:00:00Z'],
    ['fractions of a second', '2024-05-31 14:00:00.250Z', '2024-05-31T14:00:00.250Z'],
  ])('times with %s', (_, written, expected) => {
    const { trades } = readTradeList(csv('close_date,profit_abs', `${written},1`), 'list.csv');
    expect(trades[0]?.closeTimeMs).toBe(at(expected));
  });

  it('JSON: an array, our own document, and a freqtrade result with what it tells of the run', () => {
    const trade = { close_timestamp: 1_717_164_000_000, profit_abs: 2 };
    const read = { closeTimeMs: 1_717_164_000_000, profit: 2 };
    expect(readTradeList(JSON.stringify([trade]), 'a.json').trades).toEqual([read]);
    expect(
      readTradeList(
        JSON.stringify({
          trades: [{ closeTimeMs: 1_717_164_000_000, profit: 2 }],
          startingBalance: 50,
          equity: [{ timeMs: 1, equity: 50 }],
        }),
        'b.json',
      ),
    ).toEqual({ trades: [read], startingBalance: 50, equity: [{ timeMs: 1, equity: 50 }] });
    const result = {
      strategy: {
        Mine: {
          trades: [trade],
          starting_balance: 1000,
          backtest_start: '2024-05-01 00:00:00',
          backtest_end: '2024-06-01 00:00:00',
        },
      },
    };
    expect(readTradeList(JSON.stringify(result), 'c.json')).toEqual({
      trades: [{ strategy: 'Mine', ...read }],
      startingBalance: 1000,
      startMs: at('2024-05-01T00:00:00Z'),
      endMs: at('2024-06-01T00:00:00Z'),
    });
  });

  it('takes control characters out of names: they are shown on terminals', () => {
    const list = JSON.stringify([
      { close_date: '2024-01-01', profit_abs: 1, pair: 'BTC\u001b[2J', exit_reason: 'a\nb' },
    ]);
    expect(readTradeList(list, 'x.json').trades[0]).toMatchObject({ symbol: 'BTC [2J', exitReason: 'a b' });
  });

  it('asks which one when a result holds several strategies', () => {
    const result = JSON.stringify({
      strategy: { A: { trades: [] }, B: { trades: [{ close_date: '2024-01-01', profit_abs: 1 }] } },
    });
    expect(() => readTradeList(result, 'r.json')).toThrow(/holds 2 strategies: A, B/);
    expect(() => readTradeList(result, 'r.json', 'C')).toThrow(/holds no strategy C: A, B/);
    expect(readTradeList(result, 'r.json', 'B').trades).toHaveLength(1);
  });

  it.each([
    ['an empty file', '\n', /list is empty/],
    [
      'no profit column',
      csv('close_date,gain', '2024-01-01,1'),
      /no column profit_abs or profit; its columns are close_date, gain/,
    ],
    [
      'a row of another width',
      csv('close_date,profit_abs', '2024-01-01,1', '2024-01-02'),
      /not the CSV .*line 3/,
    ],
    ['broken JSON', '[{"close_date"', /not JSON/],
    ['JSON of something else', '{"a": 1}', /holds no trade list/],
  ])('refuses %s', (_, text, message) => {
    expect(() => readTradeList(text, 'list')).toThrow(message);
    expect(() => readTradeList(text, 'list')).toThrow(UserError);
  });

  it.each([
    [
      'a number with separators',
      '2024-01-02,"1,234.5"',
      /line 3: profit_abs is "1,234\.5": give a plain number/,
    ],
    ['a word for a profit', '2024-01-02,abc', /line 3: profit_abs is "abc"/],
    ['no profit', '2024-01-02,', /line 3: there is no profit_abs or profit/],
    ['a time in seconds', '1717164000,1', /line 3: close_date is "1717164000": .*looks like seconds/],
    ['a day that is none', '2024-02-31,1', /line 3: close_date is "2024-02-31": there is no such time/],
    ['a time in another form', '31.5.2024,1', /line 3: close_date is "31\.5\.2024": give a time like/],
  ])('names a bad row: %s', (_, row, message) => {
    expect(() => readTradeList(csv('close_date,profit_abs', '2024-01-01,1', row), 'list.csv')).toThrow(
      message,
    );
  });

  it('names further columns too, and the first five of many', () => {
    const rows = Array.from({ length: 7 }, () => '2024-01-05,2024-01-02,1,-3,sideways');
    const list = csv('open_date,close_date,profit_abs,amount,side', ...rows);
    expect(() => readTradeList(list, 'x')).toThrow(
      /line 2: amount is "-3": it must be above zero\n.*line 2: side is "sideways": give long or short\n|before it opens/,
    );
    expect(() => readTradeList(list, 'x')).toThrow(/and 16 more$/);
  });
});

describe('what a trade list is measured by', () => {
  const trades = [
    { openTimeMs: at('2024-01-01T12:00:00Z'), closeTimeMs: at('2024-01-03T00:00:00Z'), profit: 10 },
    { closeTimeMs: at('2024-01-05T06:00:00Z'), profit: -4 },
  ];

  it('the period of its trades, and realised profits, both said', () => {
    const { input, notes } = performanceOf({ trades }, { startingBalance: 100 });
    expect(input).toMatchObject({ startMs: trades[0]?.openTimeMs, endMs: trades[1]?.closeTimeMs });
    expect(input.equity.map(({ equity }) => equity)).toEqual([100, 100, 110, 110, 110, 106]);
    expect(notes.join(' ')).toMatch(
      /begins with the first trade.*ends with the last trade.*realised profits/,
    );
  });

  it('what is asked for, before what the file says', () => {
    const list = {
      trades,
      startingBalance: 5,
      startMs: at('2023-12-01'),
      endMs: at('2024-02-01'),
      equity: [{ timeMs: at('2023-12-01'), equity: 5 }],
    };
    const own = performanceOf(list, {});
    expect([own.input.startingBalance, own.input.equity, own.notes]).toEqual([5, list.equity, []]);
    const asked = performanceOf(list, { startingBalance: 100, endMs: at('2024-01-06') });
    expect(asked.input).toMatchObject({
      startingBalance: 100,
      startMs: list.startMs,
      endMs: at('2024-01-06'),
    });
    expect(asked.input.equity.at(-1)).toEqual({ timeMs: at('2024-01-06'), equity: 106 });
  });

  it.each([
    ['without a balance', {}, /starting balance is not known/],
    [
      'with trades after the end',
      { startingBalance: 1, endMs: at('2024-01-04') },
      /1 of 2 trades close outside .*2024-01-05T06/,
    ],
    [
      'that ends before it starts',
      { startingBalance: 1, startMs: at('2024-02-01'), endMs: at('2024-01-01') },
      /before it starts/,
    ],
  ])('refuses a period %s', (_, wanted, message) => {
    expect(() => performanceOf({ trades }, wanted)).toThrow(message);
  });

  it('refuses no trades and no period', () => {
    expect(() => performanceOf({ trades: [] }, { startingBalance: 1 })).toThrow(/no trade, and no period/);
  });
});
