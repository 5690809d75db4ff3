import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evidence } from './evidence';
import { judge } from './judge';
import { LIMITS, longestMs, watchdogMs } from './limits';
import type { ChaosOptions } from './options';
import type { Outcome, Run } from './run';
import { wholeRun, type Setting } from './whole-run';

const OPTIONS: ChaosOptions = {
  ...{ minutes: 1, seed: 7, json: null, speed: 30, workers: 1, keep: false, strict: false },
};
const START_MS = Date.UTC(2026, 0, 1);
const never = (): Promise<never> => new Promise(() => undefined);

/** What the doctored evidence of a good run comes to. */
const outcomeOf = (changed: Partial<typeof evidence> = {}): Outcome => ({
  verdict: judge({ ...evidence, ...changed }),
  agreed: true,
  failures: [{ wallMs: 6_000, source: 'workflow', text: 'position/p: attempt 2 after: no answer' }],
  leftOut: 0,
});

describe('a run', () => {
  let folder: string;
  let printed: string[];
  let closed: string[];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ballast-whole-run-'));
    [printed, closed] = [[], []];
    mkdirSync(join(folder, 'logs'));
    writeFileSync(join(folder, 'logs', 'temporal.log'), 'began\nthe port is taken\n');
    mkdirSync(join(folder, 'postgres', 'data'), { recursive: true });
    writeFileSync(join(folder, 'postgres', 'data', 'own.log'), 'of no interest');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const doctored = (changed: Partial<Run> = {}): Run => ({
    ...{ startMs: START_MS, selfHalts: 2 },
    faultStrikes: () => 3,
    play: () => Promise.resolve(),
    finish: () => Promise.resolve(outcomeOf()),
    sources: (outcome) => [
      { name: 'the exchange', read: () => [{ wallMs: 5_000, source: 'exchange', text: 'accepted it' }] },
      { name: 'the histories', read: () => outcome?.failures ?? Promise.reject(new Error('gone')) },
    ],
    close: () => {
      closed.push('run');
      return Promise.resolve();
    },
    ...changed,
  });
  const see = (
    run: Partial<Run>,
    { options, ...changed }: Partial<Setting> & { readonly options?: Partial<ChaosOptions> } = {},
  ): Promise<boolean> =>
    wholeRun(
      { ...OPTIONS, ...options },
      {
        servers: {
          folder,
          close: ({ keep } = { keep: false }) => {
            closed.push(keep ? 'servers, kept' : 'servers');
            return Promise.resolve();
          },
        },
        open: () => Promise.resolve(doctored(run)),
        commit: 'abc1234',
        print: (line) => printed.push(line),
        ...changed,
      },
    );
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

  it('that is good leaves nothing but its figures', async () => {
    const json = join(folder, 'to', 'figures.json');
    expect(await see({}, { options: { json } })).toBe(true);
    expect(closed).toEqual(['run', 'servers']);
    expect(readdirSync(folder).sort()).toEqual(['logs', 'postgres', 'to']);
    expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({
      ...{ seed: 7, minutes: 1, commit: 'abc1234', date: '2026-01-01T00:00:00.000Z' },
      ...{ selfHalts: 2, faultStrikes: 3, agreed: true, positions: 1, unprotectedSecondsMax: 2 },
    });
  });

  it('that is not good leaves a folder that says what differs, when, and what was planned', async () => {
    const exchange = { ...evidence.records.exchange, trades: evidence.records.exchange.trades.slice(0, 1) };
    const lost = outcomeOf({ records: { ...evidence.records, exchange } });
    const json = join(folder, 'to', 'figures.json');
    expect(await see({ finish: () => Promise.resolve(lost) }, { options: { json } })).toBe(false);
    expect(readFileSync(json, 'utf8')).toBe(read('figures.json'));
    expect(closed).toEqual(['run', 'servers, kept']);
    expect(existsSync(join(folder, 'postgres'))).toBe(false);
    expect(printed.at(-1)).toBe(`Not good; see ${folder}`);
    const summary = read('summary.md');
    expect(summary).toMatch(/^# Chaos of seed 7, 1 minutes: not good\n/);
    expect(summary).toMatch(/\n- MISSED: lost: \d+ \(goal: 0\)\n/);
    expect(summary).toMatch(/\n## Differences\n\n- \*\*lost\*\*: /);
    expect(summary).toMatch(
      /\n## Longest without protection\n\n- 2\.000 s, 2\.000 s of it while .* `p`: 00:00:01/,
    );
    expect(summary).toMatch(
      /\n## Slowest to resume\n\n- 4\.500 s after the kill of worker at 00:00:02\.000: submit/,
    );
    expect(summary).toMatch(/\n## Problems of the harness\n\nNone\.\n/);
    expect(JSON.parse(read('figures.json'))).toMatchObject({ seed: 7, lost: lost.verdict.figures.lost });
    expect(read('timeline.md')).toMatch(/accepted it[^]*attempt 2 after: no answer/);
    expect(read('schedule.md')).toMatch(/^# Schedule of seed 7\n\n- \d+\.\d{3} s: /);
  });

  it('that is good and kept is explained as well', async () => {
    expect(await see({}, { options: { keep: true } })).toBe(true);
    expect(read('summary.md')).toMatch(/^# Chaos of seed 7, 1 minutes: good\n/);
    expect(printed.at(-1)).toBe(`Kept ${folder}`);
  });

  it('whose figures cannot be written where they were wanted is kept', async () => {
    expect(await see({}, { options: { json: join(folder, 'logs', 'temporal.log', 'x.json') } })).toBe(false);
    expect(printed).toContainEqual(expect.stringMatching(/^--json: /));
    expect(JSON.parse(read('figures.json'))).toMatchObject({ seed: 7 });
  });

  const throwing = (message: string) => (): Promise<never> => Promise.reject(new Error(message));
  it.each<[string, Partial<Run>, Partial<Setting>, RegExp]>([
    [
      'whose world does not open',
      {},
      { open: throwing('no worker') },
      /the world did not open \(no worker\)/,
    ],
    ['of which a step throws', { play: throwing('a bad event') }, {}, /a bad event/],
    ['whose evidence cannot be read', { finish: throwing('no evidence') }, {}, /no evidence/],
    [
      'that something ends for which nobody waits',
      { play: never },
      { surprises: [Promise.reject(new Error('a socket broke'))] },
      /a socket broke/,
    ],
    [
      'that the watchdog ends',
      { finish: never, close: never },
      { limits: { watchdogMs: 30, explainMs: 60_000, closeMs: 30 } },
      /not done after 0\.03 s/,
    ],
  ])('%s explains itself as far as it came', async (_, run, setting, failure) => {
    expect(await see(run, setting)).toBe(false);
    expect(closed.at(-1)).toBe('servers, kept');
    const summary = read('summary.md');
    expect(summary).toMatch(/^# Chaos of seed 7, 1 minutes: failed\n\nIt was not judged: /);
    expect(summary).toMatch(failure);
    expect(summary).toMatch(/\n- commit: abc1234\n/);
    expect(summary).toMatch(/\n## The end of logs\/temporal\.log\n\n```\nbegan\nthe port is taken\n```\n/);
    expect(summary).not.toMatch(/of no interest/);
    expect(read('timeline.md')).toMatch(/\| problem \| the run failed: /);
    expect(existsSync(join(folder, 'schedule.md'))).toBe(true);
    expect(existsSync(join(folder, 'figures.json'))).toBe(false);
    const isOpen = setting.open === undefined;
    expect(read('timeline.md').includes('accepted it')).toBe(isOpen);
    expect(read('timeline.md').includes('the histories could not be read: gone')).toBe(isOpen);
  });

  it('tells the problems that it noted on its way, and closes what it can', async () => {
    const noted: Setting['open'] = (chronicle) => {
      chronicle.note('problem', 'temporal did not come back');
      return Promise.resolve(doctored({ finish: throwing('too late'), close: throwing('no answer') }));
    };
    expect(await see({}, { open: noted })).toBe(false);
    expect(read('summary.md')).toMatch(
      /\n## Problems of the harness\n\n- .*: temporal did not come back\n- .*: the run failed: too late\n/,
    );
    expect(printed).toContain('Closing: no answer');
    expect(closed).toEqual(['servers, kept']);
  });
});

describe('the limits', () => {
  it('leave the watchdog to what no step ends, and a run to end within eight minutes more', () => {
    const { explain, close, ...steps } = LIMITS;
    const needed = Object.values(steps).reduce((sum, each) => sum + each, 0);
    for (const minutes of [0.5, 30]) expect(watchdogMs(minutes)).toBeGreaterThan(minutes * 60_000 + needed);
    expect(watchdogMs(0) + explain + close).toBe(longestMs());
    expect(longestMs()).toBeLessThanOrEqual(8 * 60_000);
  });
});
