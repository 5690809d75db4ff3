import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SweepReport } from '../../backtest/optimise/sweep-report';
import { writeBarFile } from '../../bench/backtest/whole-process';
import { randomBars } from '../../bench/backtest/random-bars';
import { sliceColumns } from '../../domain/bar-columns';
import { findStrategy } from '../../domain/strategies/registry';
import { sweepRequest, type OptimiseOptions } from '../../cli/optimise-options';
import { buildBallast, runBallast } from './ballast-process';

beforeAll(buildBallast);

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2024, 0, 1);
const bars = randomBars({
  ...{ seed: 6, length: 8_000, barMs: MINUTE_MS },
  ...{ startMs: START_MS, stepDeviation: 0.001 },
});

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ballast-optimise-'));
  writeBarFile(join(cwd, 'data'), bars);
});
afterAll(() => {
  rmSync(cwd, { recursive: true, force: true });
});

const ARGS = [
  ...['optimise', 'ema-cross', '--symbol', 'BTC/USDT', '--timeframe', '5m', '--fraction', '0.5'],
  ...['--param', 'minAdx=null', '--param', 'trailAtr=null', '--min-trades', '1'],
];
const SPACE = ['--space', 'fast=3..12,slow=5..40'];
const run = (...more: readonly string[]) => runBallast(cwd, [...ARGS, '--data', 'data', ...more]);
const document = (...more: readonly string[]): SweepReport => {
  const { status, stdout, stderr } = run(...SPACE, ...more, '--json');
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as SweepReport;
};

it('tells the best, in and out of sample, how much of it is luck, and whether it stands alone', () => {
  const { status, stdout } = run(
    ...[...SPACE, '--trials', '40', '--workers', '1', '--json', 'out.json', '--html', 'out.html'],
  );
  expect(status).toBe(0);
  expect(stdout).toMatch(/^ *# +TRIAL +FAST +SLOW +SHARPE .* OOS SHARPE/m);
  expect(stdout).toMatch(/as the best of all \(DSR\)/);
  expect(stdout).toMatch(/^The best trial is /m);
  expect(stdout).toMatch(/slow \(up\) by fast \(right\)/);
  const report = JSON.parse(readFileSync(join(cwd, 'out.json'), 'utf8')) as SweepReport;
  expect(report).toMatchObject({ trials: 40, method: 'tpe', objective: 'sharpe', sharpe: { trials: 40 } });
  expect(report.all).toHaveLength(40);
  expect(report.passedOver).toBeGreaterThan(0);
  const scores = report.all.flatMap(({ score }) => score ?? []);
  expect(report.best[0]?.score).toBe(Math.max(...scores));
  expect(report.best.every(({ outOfSample }) => outOfSample !== null)).toBe(true);
  expect(report.configuration).toMatchObject({
    strategy: 'ema-cross',
    fixed: { minAdx: null, trailAtr: null },
    plan: { space: { fast: { kind: 'int', low: 3, high: 12 } }, batch: 16 },
  });
  const page = readFileSync(join(cwd, 'out.html'), 'utf8');
  expect(page).toContain('slow (up) by fast (right)');
  expect(page).not.toMatch(/<script|https?:\/\//);
});

it('makes the same trials in one thread as in two', () => {
  const [one, two] = [
    document('--trials', '24', '--workers', '1'),
    document('--trials', '24', '--workers', '2'),
  ];
  expect(two).toEqual(one);
});

it('does not look at what it keeps for the end', () => {
  const changed = sliceColumns(bars, 0);
  // The last fifth is another market.
  for (let at = 6_400; at < bars.length; at += 1)
    for (const column of [changed.open, changed.high, changed.low, changed.close])
      column[at] = Math.round((column[at] ?? 0) * 1.5 * 100) / 100;
  writeBarFile(join(cwd, 'other'), changed);
  const trials = ['--trials', '16', '--workers', '1', '--out-of-sample', '0.3'];
  const [mine, other] = [document(...trials), document(...trials, '--data', 'other')];
  expect(other.all).toEqual(mine.all);
  expect(other.best.map(({ outOfSample }) => outOfSample)).not.toEqual(
    mine.best.map(({ outOfSample }) => outOfSample),
  );
});

describe('what cannot be used is refused', () => {
  const options: OptimiseOptions = {
    ...{ strategy: 'ema-cross', symbol: ['BTC/USDT'], timeframe: '5m', seed: 1, 'market-seed': 1 },
    ...{ balance: '10000', fee: '0.001', space: 'fast=3..12,slow=5..40', method: 'tpe', batch: 16 },
    ...{ objective: 'sharpe', 'min-trades': 1, 'out-of-sample': 0.3, top: 10, maps: 2, workers: 1 },
    ...{ durable: false, detach: false },
  };
  it.each<[Partial<OptimiseOptions>, RegExp]>([
    [{ param: ['fast=9'] }, /"fast" is both in --space and in --param/],
    [{ param: ['fats=9'] }, /"fats", which is no parameter/],
    [{ space: 'none.yaml' }, /there is no file/],
    [{ space: 'fats=1..2' }, /"fats", which is no parameter/],
    [{ trials: 0.5 }, /--trials 0.5 cannot be used/],
    [{ batch: 0 }, /--batch 0 cannot be used/],
    [{ 'out-of-sample': 1 }, /--out-of-sample 1 cannot be used/],
    [{ purge: -1 }, /--purge -1 cannot be used/],
  ])('%j', (change, message) => {
    expect(() => sweepRequest({ ...options, ...change }, findStrategy('ema-cross'))).toThrow(message);
  });

  it('a space may be in a file', () => {
    const file = join(cwd, 'space.yaml');
    writeFileSync(file, 'fast: 3..4\nslow: { low: 10, high: 20, step: 5 }\n');
    const { definition } = sweepRequest({ ...options, space: file }, findStrategy('ema-cross'));
    expect(definition.plan.space).toEqual({
      fast: { kind: 'int', low: 3, high: 4 },
      slow: { kind: 'int', low: 10, high: 20, step: 5 },
    });
  });

  it('but a parameter that is fixed is not varied when nobody says what is', () => {
    const { space, ...rest } = options;
    expect(space).toBeDefined();
    const { definition } = sweepRequest({ ...rest, param: ['stopAtr=2'] }, findStrategy('ema-cross'));
    expect(Object.keys(definition.plan.space)).toContain('fast');
    expect(Object.keys(definition.plan.space)).not.toContain('stopAtr');
  });
});

it('searches a strategy of the user’s own, by the ranges that its schema has', () => {
  mkdirSync(join(cwd, 'strategies'));
  copyFileSync(join(__dirname, '../../cli/template/my-strategy.ts'), join(cwd, 'strategies/my-strategy.ts'));
  const { status, stdout, stderr } = runBallast(cwd, [
    ...['optimise', 'my-strategy', '--symbol', 'BTC/USDT', '--timeframe', '5m', '--fraction', '0.5'],
    ...['--data', 'data', '--space', 'slopeBars,slow=12..30', '--trials', '4', '--workers', '1', '--json'],
  ]);
  expect([status, stderr]).toEqual([0, '']);
  const report = JSON.parse(stdout) as SweepReport;
  expect(report.trials).toBe(4);
  expect(report.space).toMatchObject({ slopeBars: { kind: 'int', low: 1, high: 50 } });
});
