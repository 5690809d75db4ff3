import { LaneBars } from '../../../activities/lane/lane-bars';
import { windowKey } from '../../../activities/evaluation';
import type { Bar } from '../../../domain/bar';

const MINUTE = 60_000;
const OWN = { symbol: 'BTC/USDT', timeframe: '1m' } as const;
const SLOW = { symbol: 'BTC/USDT', timeframe: '5m' } as const;
const START = 1_763_700_000_000 - (1_763_700_000_000 % (5 * MINUTE));

const barAt = (openTimeMs: number): Bar => ({ openTimeMs, open: 1, high: 2, low: 1, close: 2, volume: 1 });
const minutes = (from: number, to: number): readonly Bar[] =>
  Array.from({ length: to - from }, (_, index) => barAt(START + (from + index) * MINUTE));
const opens = (bars: readonly Bar[]): readonly number[] =>
  bars.map(({ openTimeMs }) => (openTimeMs - START) / MINUTE);

describe('the bars of a lane', () => {
  let bars: LaneBars;
  beforeEach(() => {
    bars = new LaneBars([
      { ...OWN, bars: 3 },
      { ...SLOW, bars: 2 },
    ]);
    bars.replace(OWN, minutes(0, 3));
    bars.replace(SLOW, [barAt(START - 5 * MINUTE)]);
  });

  it('takes the bar that follows the newest one, and no other', () => {
    expect(bars.add(OWN, barAt(START + 3 * MINUTE))).toBe('next');
    expect(bars.add(OWN, barAt(START + 3 * MINUTE))).toBe('known');
    expect(bars.add(OWN, barAt(START + MINUTE))).toBe('known');
    expect(bars.add(OWN, barAt(START + 5 * MINUTE))).toBe('gap');
    expect(bars.newestCloseMs(OWN)).toBe(START + 4 * MINUTE);
  });

  it('keeps what has come since the journal was asked', () => {
    bars.add(OWN, barAt(START + 3 * MINUTE));
    bars.replace(OWN, minutes(1, 3));
    expect(opens(bars.window({ ...OWN, bars: 3 }, START + 4 * MINUTE))).toEqual([1, 2, 3]);
  });

  it('knows nothing of a source before it is told', () => {
    const empty = new LaneBars([{ ...OWN, bars: 3 }]);
    expect(empty.newestCloseMs(OWN)).toBeNull();
    expect(empty.add(OWN, barAt(START))).toBe('gap');
    expect(empty.missingAt(START + MINUTE, [OWN])).toEqual([OWN]);
  });

  it('shows a decision as many bars as it needs, and none that closed after it', () => {
    for (const bar of minutes(3, 5)) bars.add(OWN, bar);
    expect(opens(bars.window({ ...OWN, bars: 3 }, START + 5 * MINUTE))).toEqual([2, 3, 4]);
    expect(opens(bars.window({ ...OWN, bars: 3 }, START + 4 * MINUTE))).toEqual([1, 2, 3]);
    expect(opens(bars.window({ ...OWN, bars: 2 }, START + 4 * MINUTE))).toEqual([2, 3]);
  });

  it('shows a higher bar only once it has closed', async () => {
    for (const bar of minutes(3, 5)) bars.add(OWN, bar);
    bars.add(SLOW, barAt(START));
    const seen = async (barCloseMs: number): Promise<readonly number[]> => {
      const windows = await bars.windows({ session: 's1', barCloseMs }, [{ ...SLOW, bars: 2 }]);
      return opens(windows.get(windowKey(SLOW)) ?? []);
    };
    expect(await seen(START + 4 * MINUTE)).toEqual([-5]);
    expect(await seen(START + 5 * MINUTE)).toEqual([-5, 0]);
  });

  it('says which sources lack a bar that had closed by then', () => {
    for (const bar of minutes(3, 5)) bars.add(OWN, bar);
    expect(bars.missingAt(START + 4 * MINUTE, [OWN, SLOW])).toEqual([]);
    expect(bars.missingAt(START + 5 * MINUTE, [OWN, SLOW])).toEqual([SLOW]);
    bars.add(SLOW, barAt(START));
    expect(bars.missingAt(START + 5 * MINUTE, [OWN, SLOW])).toEqual([]);
  });

  it('forgets bars that nobody looks at any more', () => {
    for (const bar of minutes(3, 50)) bars.add(OWN, bar);
    expect(bars.window({ ...OWN, bars: 1_000 }, START + 50 * MINUTE).length).toBeLessThan(10);
  });
});
