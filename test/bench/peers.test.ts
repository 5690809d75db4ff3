import { parsePeerArguments } from '../../bench/arguments';
import { agreementText, compareTrades } from '../../bench/peers/agreement';
import { PEERS } from '../../bench/peers/peers';
import { duration, engineTime, peerTable, type EngineCost, type PeerRow } from '../../bench/peers/rows';
import { peerTrade, type PeerTrade } from '../../bench/peers/trade';

/** Bought for 1,000, sold with a profit of 10. */
const trade = (entryBar: number, changes: Partial<PeerTrade> = {}): PeerTrade => ({
  ...{ entryBar, exitBar: entryBar + 5, entryPrice: 100, exitPrice: 101, quantity: 10, profit: 10 },
  ...changes,
});

describe('trades of two engines', () => {
  it('are the same when bars and earnings are, whatever the size', () => {
    const half = trade(1, { quantity: 5, profit: 5.004 });
    expect(compareTrades([trade(1)], [half])).toMatchObject({ same: 1, first: null });
  });

  it('are not when they earn more than a hundred-thousandth of what they bought apart', () => {
    const other = compareTrades([trade(1)], [trade(1, { profit: 10.011 })]);
    expect(other).toMatchObject({ same: 0, otherProfit: 1 });
    expect(other.first).toContain('profit 10.0000, theirs bars 1–6');
  });

  it('are counted by what differs', () => {
    const ours = [trade(1), trade(10), trade(20), trade(30)];
    const theirs = [trade(1), trade(10, { exitBar: 16 }), trade(20, { profit: 9 }), trade(40)];
    const agreement = compareTrades(ours, theirs);
    expect(agreement).toMatchObject({
      ours: 4,
      theirs: 4,
      same: 1,
      otherExit: 1,
      otherProfit: 1,
      missing: 1,
      extra: 1,
    });
    expect(agreement.first).toContain('ours bars 10–15');
    expect(agreementText(agreement)).toBe('1 of 4; 1 end elsewhere, 1 earn other, 1 missing, 1 more');
  });

  it('that only they make are told too', () => {
    const agreement = compareTrades([trade(1)], [trade(1), trade(9)]);
    expect(agreementText(agreement)).toBe('1 of 1; 1 more');
    expect(agreement.first).toContain('ours none, theirs bars 9–14');
  });

  it('are all the same', () => {
    const list = Array.from({ length: 1_200 }, (_, at) => trade(at * 10));
    expect(agreementText(compareTrades(list, list))).toBe('all 1,200');
  });
});

it('bars are counted from the first, a fill inside one by its last millisecond', () => {
  const closed = {
    ...{
      strategy: 's',
      symbol: 'BTC/USDT',
      side: 'long' as const,
      openTimeMs: 120_000,
      closeTimeMs: 299_999,
    },
    ...{
      quantity: 1,
      entryPrice: 2,
      exitPrice: 3,
      fees: 0,
      funding: 0,
      profit: 1,
      exitReason: 'stop',
      bars: 4,
    },
  };
  expect(peerTrade(closed, 60_000, 60_000)).toMatchObject({ entryBar: 1, exitBar: 3, profit: 1 });
});

describe('the table', () => {
  const cost = (engineMs: readonly number[]): EngineCost => ({
    ...{ version: '1.0', engineMs, processMs: 600, peakBytes: 150 * 2 ** 20 },
  });

  it('leaves out the run that compiles, where there are others', () => {
    expect(engineTime(cost([5_000, 70, 90]))).toBe(80);
    expect(engineTime(cost([5_000]))).toBe(5_000);
  });

  it('has a row for each engine, with its time over ours, and a line on what it does otherwise', () => {
    const agreement = compareTrades([trade(1)], [trade(1)]);
    const wild = compareTrades([trade(1)], []);
    const rows: readonly PeerRow[] = [
      { name: 'quick', cost: cost([4_600, 80]), agreement, wild, note: 'no lots.' },
      { name: 'absent', failure: 'no wheel | for this Python' },
    ];
    const lines = peerTable(cost([40, 20]), 1, rows).split('\n');
    expect(lines[2]).toBe('| **Ballast** 1.0 | 20 ms | 1 | 600 ms | 150 MB | 1 trades |  |');
    expect(lines[3]).toBe('| quick 1.0 | 80 ms | 4 | 600 ms | 150 MB | all 1 | 0 of 1; 1 missing |');
    expect(lines[4]).toBe('| absent | not measured: no wheel / for this Python |  |  |  |  |  |');
    expect(lines.at(-1)).toMatch(
      /^- quick: no lots\. Its first run, which compiles, took 4\.6 s\. First that differs: ours bars 1–6/,
    );
  });

  it('tells times in the unit that suits', () => {
    expect([9.876, 999, 1_000, 38_912].map(duration)).toEqual(['9.88 ms', '999 ms', '1 s', '38.9 s']);
  });
});

describe('npm run bench:peers', () => {
  it('measures all that do not wait to be asked for, on a year of minutes', () => {
    const { only, bars } = parsePeerArguments([], PEERS);
    expect(only).toEqual(['vectorbt', 'backtesting.py', 'nautilus_trader', 'freqtrade']);
    expect(bars).toBe(525_600);
  });

  it('measures what is named, on as many bars as are asked for', () => {
    const args = ['--only', 'nautilus_trader-as-shipped', '--bars', '5000'];
    expect(parsePeerArguments(args, PEERS)).toMatchObject({
      only: ['nautilus_trader-as-shipped'],
      bars: 5_000,
    });
  });

  it.each([
    [['--only', 'zipline'], /"zipline".*Choose from vectorbt/],
    [['--bars', '10'], /--bars is "10"; it must be a number from 2000/],
  ])('refuses %j', (args, message) => {
    expect(() => parsePeerArguments(args, PEERS)).toThrow(message);
  });
});
