import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RandomStream } from '../../domain/random';
import { buildBallast, runBallast } from './ballast-process';

beforeAll(buildBallast);

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2024, 0, 1);
const HOURS = 2_000;

/** Remembers every close it has seen, which another run over the same bars finds again. */
const REMEMBERS = `
import { defineStrategy, hold, exit, z } from 'ballast/strategy';
const closes = new Map<number, number>();
const nothing = hold(() => []);
const leave = exit(() => []);
export const strategy = defineStrategy({
  id: 'remembers',
  summary: 'Knows the next close from the run before.',
  parameters: z.strictObject({}),
  indicators: () => ({}),
  onBar(view) {
    const price = view.close.at(0);
    closes.set(view.openTimeMs, price);
    const next = closes.get(view.openTimeMs + ${HOUR_MS}) ?? price;
    if (view.position !== null) return next > price ? nothing : leave;
    if (next <= price) return nothing;
    return {
      kind: 'enter', side: 'long', because: () => [], trailDistance: null,
      referencePrice: price, stopPrice: price * 0.9, targetPrice: price * 1.3,
    };
  },
});
`;

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ballast-truth-'));
  mkdirSync(join(cwd, 'data/spot/1h'), { recursive: true });
  mkdirSync(join(cwd, 'strategies'));
  writeFileSync(join(cwd, 'data/spot/1h/BTC_USDT.csv'), hours());
  writeFileSync(join(cwd, 'strategies/remembers.ts'), REMEMBERS);
});
afterAll(() => {
  rmSync(cwd, { recursive: true, force: true });
});

function hours(): string {
  const random = new RandomStream(7);
  let close = 30_000;
  const lines = Array.from({ length: HOURS }, (_, index) => {
    const open = close;
    close = open * (1 + 0.002 * Math.cos(index / 12) + 0.004 * random.normal());
    const prices = [open, Math.max(open, close) * 1.001, Math.min(open, close) * 0.999, close];
    return [START_MS + index * HOUR_MS, ...prices.map((price) => price.toFixed(2)), '10'].join(',');
  });
  return `timestamp_ms,open,high,low,close,volume\n${lines.join('\n')}\n`;
}

const MARKET = ['--data', 'data', '--symbol', 'BTC/USDT', '--timeframe', '1h', '--fraction', '0.5'];
const ballast = (...args: readonly string[]) => runBallast(cwd, [...args, ...MARKET]);
const EMA = ['--strategy', 'ema-cross', '--param', 'minAdx=null'];

it('look-ahead says that a built-in strategy sees nothing of the future', () => {
  const { status, stdout } = ballast('look-ahead', ...EMA, '--histories', '20');
  expect([status, stdout]).toEqual([0, expect.stringContaining('No look-ahead: every decision')]);
  expect(stdout).toContain('run again in 20 histories that end earlier');
});

it('look-ahead refuses a strategy that knows the future, and says where', () => {
  const { status, stdout, stderr } = ballast('look-ahead', '--strategy', 'remembers', '--histories', '5');
  expect(status).toBe(4);
  expect(stdout).toContain('Two runs over the same bars decide differently at 2024-01-01');
  expect(stderr).toContain('What was decided depends on what came after it');
});

it('warm-up tells what every series needs', () => {
  const { status, stdout } = ballast('warm-up', ...EMA);
  expect([status, stdout]).toEqual([0, expect.stringContaining('The declared warm-up suffices.')]);
  expect(stdout).toMatch(/ema-cross +BTC\/USDT +slow +\d+ +\d+ +[\d,]+ +nothing +suffices/);
});

it('backtest --truth puts a verdict with its grounds into the document and the page', () => {
  const { status, stdout } = ballast(
    ...['backtest', ...EMA, '--truth', '--bootstrap', '50', '--random-runs', '9', '--trials', '40'],
    ...['--json', 'truth.json', '--html', 'truth.html'],
  );
  expect([status, stdout]).toEqual([0, expect.stringContaining('Can it be believed?')]);
  expect(JSON.parse(readFileSync(join(cwd, 'truth.json'), 'utf8'))).toMatchObject({
    assessment: {
      confidence: 0.95,
      sharpe: { trials: 40 },
      entries: { runs: 9, seed: 1 },
      barDrawdown: { fraction: expect.any(Number) as number },
      verdict: { kind: expect.stringMatching(/^(loses|too-little|luck|holds)$/) as string },
    },
  });
  expect(readFileSync(join(cwd, 'truth.html'), 'utf8')).toContain('with entries by chance (seed 1)');
});

it('walk-forward joins what was traded out of sample, and tells every fold', () => {
  const { status, stdout } = ballast(
    ...['walk-forward', 'ema-cross', '--param', 'minAdx=null', '--space', 'fast=5..12,slow=20..40'],
    ...['--folds', '3', '--train-windows', '2', '--trials', '4', '--min-trades', '1', '--workers', '1'],
    ...['--purge', '10', '--embargo', '5', '--json'],
  );
  expect(status).toBe(0);
  const document = JSON.parse(stdout) as {
    readonly startMs: number;
    readonly trades: readonly { readonly openTimeMs: number }[];
    readonly walkForward: {
      readonly folds: readonly {
        readonly train: { readonly toMs: number };
        readonly test: { readonly fromMs: number; readonly toMs: number };
      }[];
    };
  };
  const { folds } = document.walkForward;
  expect(folds).toHaveLength(3);
  for (const { train, test } of folds) expect(test.fromMs - train.toMs).toBe(15 * HOUR_MS);
  expect(folds.slice(1).map(({ test }) => test.fromMs)).toEqual(
    folds.slice(0, -1).map(({ test }) => test.toMs),
  );
  expect(document.startMs).toBe(folds[0]?.test.fromMs);
  expect(document.trades.every(({ openTimeMs }) => openTimeMs >= document.startMs)).toBe(true);
});

it('refuses a record of an optimisation that is not there', () => {
  const { status, stderr } = ballast('backtest', ...EMA, '--truth', '--trials-from', 'absent.json');
  expect([status, stderr]).toEqual([2, expect.stringContaining('there is no file')]);
});
