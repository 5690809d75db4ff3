import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildBallast, runBallast } from './ballast-process';

beforeAll(buildBallast);

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ballast-metrics-'));
  writeFileSync(
    join(cwd, 'trades.csv'),
    'close_date,profit_abs\n2024-01-02 12:00:00,100\n2024-01-04 12:00:00,-50\n2024-01-07 12:00:00,25\n',
  );
});
afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});

const PERIOD = ['--starting-balance', '1000', '--start', '2024-01-01', '--end', '2024-01-11'];
const metrics = (...args: readonly string[]) => runBallast(cwd, ['metrics', 'trades.csv', ...args]);

it('prints every metric, other tools’ too, and says that the equity is that of realised profits', () => {
  const { status, stdout, stderr } = metrics(...PERIOD);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/Note: Only trades are known: the daily equity is that of realised profits/);
  expect(stdout).toMatch(/Total return +7\.50 %/);
  expect(stdout).toMatch(/As freqtrade reports it[\s\S]*expectancy_ratio +0\.5\n/);
  expect(stdout).toMatch(/As nautilus reports it[\s\S]*sharpe_ratio +–/);
  expect(metrics(...PERIOD, '--no-peers').stdout).not.toMatch(/As freqtrade/);
});

it('--json prints one document with flat names; --json FILE writes it and prints tables', () => {
  const printed = metrics(...PERIOD, '--json');
  const document = JSON.parse(printed.stdout) as { metrics: Record<string, number | null> };
  expect(document.metrics).toMatchObject({
    trades: 3,
    finalBalance: 1_075,
    profitFactor: 2.5,
    // From the highest, 1,100, to 1,050
    maxDrawdown: 50 / 1_100,
    'freqtrade.max_drawdown_abs': 50,
    'jesse.win_rate': 2 / 3,
    'nautilus.expectancy': expect.closeTo(25, 9) as number,
    'buyAndHold.totalReturn': null,
    exposure: null,
  });
  const written = metrics(...PERIOD, '--json', 'out.json');
  expect(written.stdout).toMatch(/Total return[\s\S]*Written: .*out\.json\n$/);
  expect(JSON.parse(readFileSync(join(cwd, 'out.json'), 'utf8'))).toEqual(document);
});

it('reads the document again', () => {
  metrics(...PERIOD, '--json', 'out.json');
  const again = runBallast(cwd, ['metrics', 'out.json', '--json']);
  const first = JSON.parse(readFileSync(join(cwd, 'out.json'), 'utf8')) as { metrics: unknown };
  expect((JSON.parse(again.stdout) as { metrics: unknown }).metrics).toEqual(first.metrics);
});

it('writes the page and both CSV files', () => {
  const { status } = metrics(...PERIOD, '--html', 'a.html', '--csv', 'a.csv', '--equity-csv', 'e.csv');
  expect(status).toBe(0);
  expect(['a.html', 'a.csv', 'e.csv'].map((file) => existsSync(join(cwd, file)))).toEqual([true, true, true]);
  expect(readFileSync(join(cwd, 'a.html'), 'utf8')).toMatch(/^<!doctype html>/);
});

it.each<[readonly string[], RegExp]>([
  [[], /starting balance is not known/],
  [['--starting-balance', '-5'], /--starting-balance -5 is not an amount above zero/],
  [['--starting-balance', '5', '--start', 'soon'], /--start soon cannot be used: give a time like/],
  [['--starting-balance', '5', '--end', '2024-01-03'], /2 of 3 trades close outside/],
  [['--starting-balance', '5', '--bootstrap', '0'], /--bootstrap 0 is not a number of samples/],
  [['--starting-balance', '5', '--html', 'no/where.html'], /no\/where\.html cannot be written/],
])('exits with 2 and says why: %p', (args, message) => {
  const { status, stderr } = metrics(...args);
  expect(stderr).toMatch(message);
  expect(status).toBe(2);
});

it('tells how far the metrics can be believed, the same for the same seed', () => {
  const tell = (seed: string): unknown => {
    const { stdout } = metrics(...PERIOD, '--json', '--bootstrap', '200', '--trials', '20', '--seed', seed);
    return (JSON.parse(stdout) as { assessment: unknown }).assessment;
  };
  const first = tell('3');
  expect(first).toMatchObject({
    runs: 200,
    intervals: { sharpe: { observed: expect.any(Number) as number } },
    sharpe: { trials: 20 },
  });
  expect(tell('3')).toEqual(first);
  expect(tell('4')).not.toEqual(first);
  expect(metrics(...PERIOD, '--bootstrap', '100').stdout).toMatch(
    /Confidence: 90 % of 100 bootstrap samples/,
  );
});

it('names the bad row', () => {
  writeFileSync(join(cwd, 'trades.csv'), 'close_date,profit_abs\n2024-01-02,oops\n');
  const { status, stderr } = metrics(...PERIOD);
  expect(stderr).toMatch(
    /trades\.csv has a row that cannot be used:\n +line 2: profit_abs is "oops": give a plain number/,
  );
  expect(status).toBe(2);
});
