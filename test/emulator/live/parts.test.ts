import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClockReading } from '../../../domain/clock';
import { LiveBars } from '../../../emulator/market/live/bars';
import { LiveClock } from '../../../emulator/market/live/clock';
import type { FeedBook, FeedEvent } from '../../../emulator/market/live/feed';
import type { News } from '../../../emulator/market/live/news';
import { MirrorRecord, type RecordContents } from '../../../emulator/market/live/record';
import { BookLost, SymbolMirror } from '../../../emulator/market/live/symbol-mirror';
import type { IntegerBar } from '../../../emulator/market/source';
import { BTC, MINUTE_MS, START_MS } from '../scripted-market';

describe('a symbol’s book', () => {
  const snapshot: FeedBook = {
    updateId: 100,
    bids: [['99.00', '1']],
    asks: [['101.00', '2']],
  };
  const change = (firstId: number, lastId: number, bids: [string, string][] = []) =>
    ({ kind: 'book', symbol: 'BTCUSDT', firstId, lastId, bids, asks: [] }) as const satisfies FeedEvent;
  const trade = (tradeId: number, quantity = '1') =>
    ({
      kind: 'trade',
      symbol: 'BTCUSDT',
      tradeId,
      side: 'sell',
      price: '100',
      quantity,
    }) as const satisfies FeedEvent;
  const bidsOf = (mirror: SymbolMirror): [number, number][] =>
    mirror
      .step({ kind: 'trade', symbol: 'BTCUSDT', timeMs: 1, tradeId: 1, print: ['buy', 1, 1] })
      .bids.map(({ priceTicks, quantityLots }) => [priceTicks, quantityLots]);

  it('waits for a snapshot that its changes join on to, and drops those it contains', () => {
    const mirror = new SymbolMirror(BTC);
    mirror.awaitSnapshot({ forget: true });
    expect(mirror.takeChange(change(90, 95, [['98', '9']]))).toBeUndefined();
    expect(mirror.takeChange(change(96, 105, [['98.5', '3']]))).toBeUndefined();
    expect(mirror.takeSnapshot({ ...snapshot, updateId: 90 })).toBeDefined();
    expect(mirror.lastUpdateId).toBe(105);
    expect(bidsOf(mirror)).toEqual([
      [9900, 100_000],
      [9850, 300_000],
      [9800, 900_000],
    ]);
  });

  it('asks for another snapshot when the first change begins after it', () => {
    const mirror = new SymbolMirror(BTC);
    mirror.takeChange(change(102, 105));
    expect(mirror.takeSnapshot(snapshot)).toBeUndefined();
    expect(mirror.isSynced).toBe(false);
    expect(mirror.takeSnapshot({ ...snapshot, updateId: 101 })).toBeDefined();
    expect(mirror.isSynced).toBe(true);
  });

  it('is lost with a gap, with a crossed book and with a price off its tick', () => {
    const synced = (): SymbolMirror => {
      const mirror = new SymbolMirror(BTC);
      mirror.takeSnapshot(snapshot);
      return mirror;
    };
    const gap = synced();
    expect(gap.takeChange(change(101, 103))).toBeDefined();
    expect(gap.takeChange(change(90, 103))).toBeUndefined();
    expect(() => gap.takeChange(change(105, 106))).toThrow('updates 104 to 104 of the book are missing');
    expect(gap.head()).toBeUndefined();
    expect(() => synced().takeChange(change(101, 101, [['101', '1']]))).toThrow(BookLost);
    expect(() => synced().takeChange(change(101, 101, [['99', '0']]))).toThrow(/one side of it is empty/);
    expect(() => synced().takeChange(change(101, 101, [['99.001', '1']]))).toThrow(/off its tick/);
  });

  it('hears each trade once, and keeps those for the new book which it hears before that comes', () => {
    const mirror = new SymbolMirror(BTC);
    expect(mirror.takeTrade(trade(5))).toBeUndefined();
    expect(mirror.takeSnapshot(snapshot)).toMatchObject({ prints: [['sell', 10_000, 100_000]], tradeId: 5 });
    expect(mirror.takeTrade(trade(5))).toBeUndefined();
    expect(mirror.takeTrade(trade(6))).toMatchObject({ kind: 'trade', tradeId: 6 });
    expect(mirror.takeTrade(trade(7, '0.000001'))).toBeUndefined();
    mirror.awaitSnapshot({ forget: true });
    mirror.takeTrade(trade(8));
    mirror.awaitSnapshot({ forget: true });
    expect(mirror.takeSnapshot(snapshot)).toMatchObject({ prints: [] });
  });
});

describe('the clock', () => {
  const reading = (overrides: Partial<ClockReading> = {}): ClockReading => ({
    wallTimeMs: 1000,
    marketTimeMs: START_MS,
    speed: 1,
    session: 's',
    state: 'running',
    ...overrides,
  });
  let nowMs: number;
  const open = (positionMs: number, first = reading()): LiveClock => {
    nowMs = 0;
    const clock = new LiveClock(
      first,
      () => 1000 + nowMs,
      () => nowMs,
    );
    clock.hold(positionMs, 0);
    return clock;
  };

  it('stands where the session stood until it is released, then is the venue’s', () => {
    const clock = open(START_MS - 500);
    nowMs = 250;
    expect(clock.now()).toBe(START_MS - 500);
    clock.release();
    expect(clock.now()).toBe(START_MS + 250);
    clock.follow(reading({ wallTimeMs: 1250, marketTimeMs: START_MS + 400 }));
    expect(clock.now()).toBe(START_MS + 400);
    // The venue's clock was set back: ours waits for it.
    clock.follow(reading({ wallTimeMs: 1250, marketTimeMs: START_MS + 300 }));
    expect(clock.now()).toBe(START_MS + 400);
    expect(clock.state).toBe('running');
    nowMs = 400;
    expect(clock.now()).toBe(START_MS + 450);
    clock.follow(reading({ wallTimeMs: 1400, marketTimeMs: START_MS - 700 }));
    expect([clock.now(), clock.state]).toEqual([START_MS + 450, 'paused']);
    nowMs = 600;
    expect([clock.now(), clock.state]).toEqual([START_MS + 450, 'running']);
    nowMs = 1600;
    expect(clock.now()).toBe(START_MS + 500);
    nowMs = 400;
    clock.follow(reading({ wallTimeMs: 1400, marketTimeMs: START_MS + 500, state: 'paused' }));
    nowMs = 9000;
    expect(clock.now()).toBe(START_MS + 500);
    expect(() => {
      clock.pause();
    }).toThrow(/keeps the time of its venue/);
  });

  it('does not pass news that is on its way to the disk', () => {
    const clock = open(START_MS);
    clock.release();
    nowMs = 10;
    const told = clock.now();
    const first = clock.stamp();
    const second = clock.stamp();
    expect([told, first, second]).toEqual([START_MS + 10, START_MS + 11, START_MS + 11]);
    nowMs = 50;
    expect(clock.now()).toBe(START_MS + 10);
    clock.published();
    expect(clock.now()).toBe(START_MS + 10);
    clock.published();
    expect(clock.now()).toBe(START_MS + 50);
    expect(clock.stamp()).toBe(START_MS + 51);
    clock.published();
    expect(clock.now()).toBe(START_MS + 51);
  });
});

describe('bars', () => {
  let venueMs: number;
  let asked: [number, number][];
  let missing: ReadonlySet<number>;
  const barAt = (openTimeMs: number, close = 1): IntegerBar => ({
    openTimeMs,
    open: 1,
    high: 1,
    low: 1,
    close,
    volumeLots: 1,
  });
  const open = (): LiveBars => {
    asked = [];
    missing = new Set();
    return new LiveBars({
      fromMs: START_MS,
      clock: { venueMs: () => venueMs, speed: 1 },
      fetch: (fromMs, toMs) => {
        asked.push([fromMs, toMs]);
        const bars: IntegerBar[] = [];
        for (let at = fromMs; at < toMs; at += MINUTE_MS) if (!missing.has(at)) bars.push(barAt(at));
        return Promise.resolve(bars);
      },
    });
  };
  const times = (bars: LiveBars): number[] =>
    bars.list(0, Infinity).map(({ openTimeMs }) => (openTimeMs - START_MS) / MINUTE_MS);

  it('come from the stream; REST is believed about a bar once that has had its time', async () => {
    venueMs = START_MS + 3 * MINUTE_MS + 500;
    const bars = open();
    await bars.catchUp();
    expect(times(bars)).toEqual([0, 1]);
    bars.add(barAt(START_MS + 2 * MINUTE_MS, 7));
    expect(bars.list(START_MS + 2 * MINUTE_MS, Infinity)).toEqual([barAt(START_MS + 2 * MINUTE_MS, 7)]);
    venueMs += MINUTE_MS + 600;
    await bars.catchUp();
    expect(times(bars)).toEqual([0, 1, 2, 3]);
    expect(bars.knownToMs).toBe(START_MS + 4 * MINUTE_MS);
  });

  it('a bar that comes before its turn waits for those before it; what the venue lacks stays a gap', async () => {
    venueMs = START_MS + 3 * MINUTE_MS + 500;
    const bars = open();
    missing = new Set([START_MS + MINUTE_MS]);
    bars.add(barAt(START_MS + 2 * MINUTE_MS));
    expect(times(bars)).toEqual([]);
    await bars.catchUp();
    expect(times(bars)).toEqual([0, 2]);
    expect(bars.knownToMs).toBe(START_MS + 3 * MINUTE_MS);
  });

  it('reach back page by page, once', async () => {
    venueMs = START_MS + 1000 * MINUTE_MS;
    const bars = open();
    const fromMs = START_MS - 1500 * MINUTE_MS;
    await Promise.all([bars.reachBack(fromMs), bars.reachBack(fromMs)]);
    expect(asked).toEqual([
      [START_MS - 1000 * MINUTE_MS, START_MS],
      [fromMs, START_MS - 1000 * MINUTE_MS],
    ]);
    expect(bars.list(fromMs, START_MS)).toHaveLength(1500);
    venueMs += 2000;
    await bars.catchUp();
    expect(bars.list(fromMs, START_MS + MINUTE_MS)).toHaveLength(1501);
  });

  it('are waited for a moment, and no longer than they are worth it', async () => {
    venueMs = START_MS + MINUTE_MS + 10;
    const bars = open();
    const waiting = bars.await(venueMs, () => true, 60_000);
    bars.add(barAt(START_MS));
    await waiting;
    expect(times(bars)).toEqual([0]);
    venueMs += MINUTE_MS;
    await bars.await(venueMs, () => false, 60_000);
    await bars.await(venueMs, () => true, 1);
    expect(times(bars)).toEqual([0]);
  });
});

describe('the record', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'ballast-mirror-'));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  const print = (timeMs: number): News => ({
    kind: 'trade',
    symbol: 'BTCUSDT',
    timeMs,
    tradeId: timeMs,
    print: ['buy', 100, 1],
  });
  const book = (timeMs: number, levels = 1): News => ({
    kind: 'book',
    symbol: 'BTCUSDT',
    timeMs,
    updateId: timeMs,
    bids: Array.from({ length: levels }, (_, index) => [1000 - index, 5]),
    asks: [[1001, 5]],
    prints: [],
    tradeId: -1,
  });
  const open = (contents?: RecordContents, books: readonly News[] = []): MirrorRecord =>
    MirrorRecord.open(dir, contents, { specs: [BTC], books }, { keepMs: 1000, onFailure: fail });
  const fail = (error: unknown): void => {
    throw error;
  };
  const write = (record: MirrorRecord, news: News): Promise<void> =>
    new Promise((resolve) => {
      record.append(news, resolve);
    });

  it('calls back once the line is on the disk, in order', async () => {
    const record = open();
    const told: number[] = [];
    const all = [1, 2, 3].map((timeMs) =>
      write(record, print(timeMs)).then(() => {
        told.push(timeMs);
      }),
    );
    await all[0];
    expect(MirrorRecord.read(dir)?.news[0]).toEqual(print(1));
    await Promise.all(all);
    await record.close();
    expect(told).toEqual([1, 2, 3]);
    expect(MirrorRecord.read(dir)).toMatchObject({ specs: [BTC], news: [print(1), print(2), print(3)] });
  });

  it('cuts off a torn line and refuses a damaged one, naming it', async () => {
    const record = open();
    await write(record, print(1));
    await record.close();
    const path = join(dir, readdirSync(dir)[0] ?? '');
    const whole = readFileSync(path, 'utf8');
    appendFileSync(path, '{"kind":"tra');
    expect(MirrorRecord.read(dir)?.news).toEqual([print(1)]);
    expect(readFileSync(path, 'utf8')).toBe(whole);
    appendFileSync(path, 'no line of ours\n');
    expect(() => MirrorRecord.read(dir)).toThrow(/^Line 3 of .*mirror-00000001.ndjson is damaged/);
    writeFileSync(path, '{"kind":"head","format":"another"}\n');
    expect(() => MirrorRecord.read(dir)).toThrow(/^Line 1 of/);
  });

  it('stays small: a full file is followed by another, and old ones go', async () => {
    const record = open();
    let rotations = 0;
    for (let timeMs = 1; rotations < 4; timeMs += 1) {
      await write(record, book(timeMs * 300, 20_000));
      if (!record.wantsRotation()) continue;
      rotations += 1;
      record.rotate({ specs: [BTC], books: [book(timeMs * 300)] });
    }
    await record.close();
    const files = readdirSync(dir);
    expect(files.length).toBeLessThanOrEqual(3);
    for (const file of files) expect(statSync(join(dir, file)).size).toBeLessThan(5 * 1024 * 1024);
    expect(MirrorRecord.read(dir)?.news.at(-1)).toMatchObject({ kind: 'book', bids: [[1000, 5]] });
  });

  it('does not grow with restarts', async () => {
    for (let timeMs = 1; timeMs < 10; timeMs += 1) {
      const record = open(MirrorRecord.read(dir));
      await write(record, print(timeMs * 600));
      await record.close();
    }
    expect(readdirSync(dir).length).toBeLessThanOrEqual(4);
    expect(MirrorRecord.read(dir)?.news.at(-1)).toEqual(print(5400));
  });
});
