import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { resolveDataDir } from '../../../emulator/market/data-dir';
import { openMarketSource } from '../../../emulator/market/open-market';
import { MarketMode } from '../../../emulator/market/source';
import { FIRST_BAR_MS, MINUTE_MS, randomRows, temporaryDataDir, writeBars } from './fixtures';

const good = (minute: number): string =>
  `${FIRST_BAR_MS + minute * MINUTE_MS},100.00,101.00,99.00,100.50,1.50000`;
const at = (minute: number, rest: string): string => `${FIRST_BAR_MS + minute * MINUTE_MS},${rest}`;

describe('a file of bars', () => {
  const dataDir = temporaryDataDir();
  const open = () => openMarketSource({ dataDir, startMs: FIRST_BAR_MS });

  test.each([
    ['two rows in the wrong order', [good(1), good(0)], 3, 'not after'],
    ['the same minute twice', [good(0), good(0)], 3, 'not after'],
    ['a time inside a minute', [`${FIRST_BAR_MS + 1},1,1,1,1,1`], 2, 'full minute'],
    ['a missing field', [good(0), at(1, '100.00,101.00,99.00,100.50')], 3, '5 fields'],
    ['a word for a number', [at(0, '100.00,high,99.00,100.50,1')], 2, 'high is "high"'],
    ['NaN', [at(0, '100.00,NaN,99.00,100.50,1')], 2, 'high is "NaN"'],
    ['an empty price', [at(0, '100.00,101.00,99.00,,1')], 2, 'close is ""'],
    ['a price off the tick grid', [at(0, '100.001,101.00,99.00,100.50,1')], 2, 'multiple of 0.01'],
    ['a price of zero', [at(0, '100.00,101.00,0,100.50,1')], 2, 'low is "0"'],
    ['a high below the close', [good(0), good(1), at(2, '100.00,100.40,99.00,100.50,1')], 4, 'high 100.40'],
    ['a low above the open', [at(0, '100.00,101.00,100.20,100.50,1')], 2, 'low 100.20'],
    ['a negative volume', [at(0, '100.00,101.00,99.00,100.50,-1')], 2, 'volume is "-1"'],
    ['an infinite volume', [at(0, '100.00,101.00,99.00,100.50,Infinity')], 2, 'volume is "Infinity"'],
    ['no rows', [], 2, 'no rows'],
  ])('with %s is refused by name and line', async (_, rows, line, problem) => {
    const path = writeBars(dataDir, 'BTC_USDT', rows);
    await expect(open()).rejects.toMatchObject({
      code: 'invalid-data',
      message: expect.stringContaining(`${path} line ${line}: `) as string,
    });
    await expect(open()).rejects.toThrow(problem);
  });

  it('with another header is refused', async () => {
    writeBars(dataDir, 'BTC_USDT', [good(0)], 'time,open,high,low,close,volume');
    await expect(open()).rejects.toThrow('line 1: the header is "time,');
  });

  it('that is not gzip is refused', async () => {
    const path = writeBars(dataDir, 'BTC_USDT', [good(0)]);
    writeFileSync(path, 'plain text');
    await expect(open()).rejects.toMatchObject({ code: 'invalid-data' });
  });

  it('that is sound is opened', async () => {
    writeBars(dataDir, 'BTC_USDT', [good(0), good(1), good(5)]);
    const market = await open();
    expect(market.bars('BTCUSDT', 0, Infinity)).toHaveLength(3);
  });
});

describe('opening a market', () => {
  const dataDir = temporaryDataDir();

  it('simulates without a folder and replays with one', async () => {
    expect((await openMarketSource({})).mode).toBe(MarketMode.Simulated);
    writeBars(dataDir, 'BTC_USDT', randomRows(1_500, 3));
    expect((await openMarketSource({ dataDir })).mode).toBe(MarketMode.Replay);
    expect((await openMarketSource({ dataDir, mode: MarketMode.Simulated })).mode).toBe(MarketMode.Simulated);
  });

  it('names files whose trading rules it does not know instead of dropping them silently', async () => {
    writeBars(dataDir, 'BTC_USDT', randomRows(1_500, 3));
    writeBars(dataDir, 'FOO_BAR', [good(0)]);
    const market = await openMarketSource({ dataDir });
    expect(market.symbols.map(({ symbol }) => symbol)).toEqual(['BTCUSDT']);
    expect(market.description).toContain('FOO_BAR');
  });

  it('says which folder lacks what, and what to do', async () => {
    const absent = join(dataDir, 'absent');
    await expect(openMarketSource({ dataDir: absent })).rejects.toMatchObject({
      code: 'missing-data',
      message: `The data folder ${absent} does not exist`,
    });
    const empty = join(dataDir, 'empty');
    mkdirSync(empty);
    const error: unknown = await openMarketSource({ dataDir: empty }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'missing-data',
      message: expect.stringContaining(empty) as string,
      hint: expect.stringContaining('simulated') as string,
    });
    await expect(openMarketSource({ dataDir, symbols: ['SOLUSDT'] })).rejects.toThrow('SOL_USDT.csv.gz');
    await expect(openMarketSource({ dataDir: empty, mode: MarketMode.RecordedBook })).rejects.toMatchObject({
      code: 'missing-data',
    });
  });

  test.each([
    ['a recorded mode without a folder', { mode: MarketMode.Replay }],
    ['no symbols', { symbols: [] }],
    ['a symbol that is not simulated', { symbols: ['NOPEUSDT'] }],
    ['a fractional seed', { seed: 0.5 }],
    ['a start before the simulated market', { startMs: 0 }],
  ])('refuses %s', async (_, options) => {
    await expect(openMarketSource(options)).rejects.toMatchObject({ code: 'invalid-options' });
  });
});

describe('the data folder', () => {
  const projectRoot = join(temporaryDataDir(), 'project');
  const beside = join(projectRoot, '..', 'shared', 'data');

  it('comes from the flag, then the environment, then beside the project, then nowhere', () => {
    const none = { flag: undefined, env: undefined, projectRoot };
    expect(resolveDataDir(none).dataDir).toBeUndefined();
    expect(resolveDataDir(none).why).toContain('simulated');
    mkdirSync(beside, { recursive: true });
    expect(resolveDataDir(none).dataDir).toBe(beside);
    expect(resolveDataDir({ ...none, env: '/env' })).toEqual({
      dataDir: '/env',
      why: 'given by BALLAST_DATA',
    });
    expect(resolveDataDir({ ...none, env: '/env', flag: '/flag' })).toEqual({
      dataDir: '/flag',
      why: 'given by --data',
    });
  });
});
