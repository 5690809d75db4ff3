import { importData } from '../../../adapters/history/files/import';
import { exportFile, observationTable } from '../../../adapters/history/files/export-file';
import { openBarFolder } from '../../../adapters/history/files/bar-folder';
import { sessionOrigin } from '../../../adapters/history/origins';
import { gaugeKey, gaugeRows, moodKey, moodRows } from '../../../adapters/history/rows';
import { NO_OBSERVATIONS } from '../../../domain/observations';
import { createHistoryBench, quiet, START_MS, temporaryFolder, type HistoryBench } from './support';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MOODS = [
  'known_at_ms,time_ms,score,breaking',
  `${START_MS + 5_000},${START_MS},0.4,1`,
  `${START_MS + HOUR_MS},${START_MS},0.2,0`,
  '',
].join('\n');
const FOLDER = {
  'funding/binance_BTC_USDT.csv.gz': `timestamp_ms,funding_rate\n${START_MS},1e-4\n${START_MS + 8 * HOUR_MS},2e-4\n`,
  'funding/bybit_BTC_USDT.csv': `timestamp_ms,funding_rate\n${START_MS},9e-4\n`,
  'fear-greed/fng_daily.csv': `timestamp_ms,value,known_at_ms\n${START_MS},30,${START_MS + 7}\n${START_MS + DAY_MS},40,${START_MS + DAY_MS + 9}\n`,
  'moods/BTC.csv': MOODS,
  'long-short/binance_BTC_USDT.csv': `timestamp_ms,long_short_ratio\n${START_MS},1.5\n`,
};

let bench: HistoryBench;
let files: ReturnType<typeof temporaryFolder>;
beforeAll(async () => {
  bench = await createHistoryBench();
  files = temporaryFolder(FOLDER);
});
afterAll(async () => {
  files.remove();
  await bench.close();
});
beforeEach(async () => {
  await bench.pool.query('TRUNCATE history_series, history_recordings RESTART IDENTITY CASCADE');
});

const run = (path: string, named: object = {}) =>
  importData(bench.history, { path, defaultVenue: 'binance', ...named }, quiet);

const told = ({ timeMs, knownMs, outputs }: Awaited<ReturnType<typeof bench.history.observations>>) =>
  [...timeMs].map((time, at) => [
    time - START_MS,
    (knownMs[at] ?? NaN) - START_MS,
    ...Object.values(outputs).map((values) => values[at]),
  ]);

const FUNDING = { kind: 'funding', subject: 'BTC/USDT:USDT', origins: ['binance'] } as const;
const INDEX = { kind: 'fear-greed', subject: 'CRYPTO', origins: ['alternative.me'] } as const;
const MOOD = { kind: 'mood', subject: 'BTC', origins: ['news'] } as const;

describe('observations that are imported', () => {
  it('are known when the file says so, else by the rule of their kind', async () => {
    await run(files.folder);
    expect(told(await bench.history.observations(FUNDING))).toEqual([
      [0, 60_000, 1e-4],
      [8 * HOUR_MS, 8 * HOUR_MS + 60_000, 2e-4],
    ]);
    expect(told(await bench.history.observations(INDEX))).toEqual([
      [0, 7, 30],
      [DAY_MS, DAY_MS + 9, 40],
    ]);
    expect(told(await bench.history.observations(MOOD))).toEqual([
      [0, 5_000, 0.4, 1],
      [0, HOUR_MS, 0.2, 0],
    ]);
  });

  it('of accounts long and short are known as they were told first, and a correction since it was made', async () => {
    await run(files.folder);
    const RATIO = { kind: 'long-short', subject: 'BTC/USDT:USDT', origins: ['binance'] } as const;
    expect(told(await bench.history.observations(RATIO))).toEqual([[0, 300_000, 1.5]]);
    const write = (value: number, knownMs: number) =>
      bench.history.write(
        gaugeKey('long-short', RATIO.subject, 'binance'),
        gaugeRows([{ timeMs: START_MS + HOUR_MS, value }], START_MS + knownMs),
      );
    await write(2, HOUR_MS + 1);
    await write(2, HOUR_MS + 2);
    expect(told(await bench.history.observations(RATIO)).at(-1)).toEqual([HOUR_MS, HOUR_MS + 1, 2]);
    await write(2.5, HOUR_MS + 3);
    expect(told(await bench.history.observations(RATIO)).at(-1)).toEqual([HOUR_MS, HOUR_MS + 3, 2.5]);
  });

  it('are read by when they were known', async () => {
    await run(files.folder);
    const between = { sinceMs: START_MS + 5_000, untilMs: START_MS + HOUR_MS };
    expect(told(await bench.history.observations({ ...MOOD, ...between }))).toEqual([[0, HOUR_MS, 0.2, 0]]);
    const early = { ...MOOD, untilMs: START_MS + 4_999 };
    expect(told(await bench.history.observations(early))).toEqual([]);
  });

  it('are of those who told them', async () => {
    await run(files.folder);
    expect(told(await bench.history.observations({ ...FUNDING, origins: ['bybit'] }))).toEqual([
      [0, 60_000, 9e-4],
    ]);
    expect(told(await bench.history.observations({ ...FUNDING, origins: ['okx'] }))).toEqual([]);
  });

  it('are the same without a database', async () => {
    await run(files.folder);
    const folder = openBarFolder(files.folder, files.folder);
    for (const query of [INDEX, MOOD])
      expect(await folder.observations(query)).toEqual(await bench.history.observations(query));
    expect(await folder.observations({ kind: 'mood', subject: 'ETH' })).toBeUndefined();
    expect([...((await folder.funding('BTC/USDT:USDT'))?.value ?? [])]).toEqual([1e-4, 2e-4]);
  });

  it.each(['csv.gz', 'parquet'])('are exported to %s and come back as they were', async (ending) => {
    await run(files.folder);
    const before = await Promise.all([FUNDING, INDEX, MOOD].map(bench.history.observations));
    const names = ['funding/binance_BTC_USDT', 'fear-greed', 'moods/BTC'];
    const copy = temporaryFolder();
    for (const [at, { kind }] of [FUNDING, INDEX, MOOD].entries()) {
      const all = { fromMs: -Infinity, toMs: Infinity };
      const table = observationTable(kind, before[at] ?? NO_OBSERVATIONS, all);
      await exportFile(`${copy.folder}/${names[at] ?? ''}.${ending}`, table);
    }
    await bench.pool.query('TRUNCATE history_series RESTART IDENTITY CASCADE');
    await run(copy.folder);
    copy.remove();
    expect(await Promise.all([FUNDING, INDEX, MOOD].map(bench.history.observations))).toEqual(before);
  });

  it('that are told again stay known since they were told first', async () => {
    await run(files.folder);
    const again = temporaryFolder({
      'fear-greed/fng.csv': `timestamp_ms,value\n${START_MS},30\n${START_MS + DAY_MS},41\n`,
    });
    const { files: reports } = await run(again.folder);
    again.remove();
    expect(reports).toMatchObject([{ inserted: 0, changed: 1, unchanged: 1 }]);
    // What is corrected is known since it was corrected.
    expect(told(await bench.history.observations(INDEX))).toEqual([
      [0, 7, 30],
      [DAY_MS, DAY_MS + HOUR_MS, 41],
    ]);
  });

  it.each([
    [`known_at_ms,score\n${START_MS},1.5\n`, 'line 2: score is "1.5"; it must be from -1 to 1'],
    [`known_at_ms,score,breaking\n${START_MS},1,maybe\n`, 'line 2: breaking is "maybe"; it must be 1 or 0'],
    [
      `known_at_ms,time_ms,score\n${START_MS},${START_MS + 1},1\n`,
      `line 2: known is "${START_MS}"; nothing is known before its time`,
    ],
  ])('are refused when they cannot be: %j', async (content, problem) => {
    const wrong = temporaryFolder({ 'moods/BTC.csv': content });
    await expect(run(wrong.folder)).rejects.toThrow(problem);
    wrong.remove();
    expect(await bench.history.series()).toEqual([]);
  });

  it('need a name or a word that tells the asset', async () => {
    const unnamed = temporaryFolder({ 'moods.csv': MOODS });
    await expect(run(`${unnamed.folder}/moods.csv`)).rejects.toThrow('does not tell its asset');
    await run(`${unnamed.folder}/moods.csv`, { symbol: 'SOL' });
    unnamed.remove();
    expect(await bench.history.series()).toMatchObject([{ kind: 'mood', venue: 'news', symbol: 'SOL' }]);
  });
});

it('moods of a session are its own, and stand in the order in which they became known', async () => {
  const mine = sessionOrigin('s1');
  const one = (knownMs: number, score: number) => ({ knownMs, timeMs: knownMs, score, breaking: false });
  await bench.history.write(moodKey('BTC'), moodRows([one(START_MS + 10, 0.1), one(START_MS + 30, 0.3)]));
  await bench.history.write(moodKey('BTC', mine), moodRows([one(START_MS + 20, 0.2)]));
  const known = (origins: readonly string[]) => bench.history.observations({ ...MOOD, origins });
  expect([...((await known(['news', mine])).outputs.score ?? [])]).toEqual([0.1, 0.2, 0.3]);
  expect([...((await known(['news', sessionOrigin('s2')])).outputs.score ?? [])]).toEqual([0.1, 0.3]);
});
