import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { RandomStream } from '../../domain/random';
import { buildBallast, runBallast } from './ballast-process';

beforeAll(buildBallast);

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2024, 0, 1);
const MINUTES = 20_000;

let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ballast-backtest-'));
  mkdirSync(join(cwd, 'data/spot/1m'), { recursive: true });
  writeFileSync(join(cwd, 'data/spot/1m/BTC_USDT.csv.gz'), gzipSync(minutes()));
});
afterAll(() => {
  rmSync(cwd, { recursive: true, force: true });
});

/** A walk with enough swing for a strategy of five-minute bars. */
function minutes(): string {
  const random = new RandomStream(3);
  let cents = 3_000_000;
  const lines = Array.from({ length: MINUTES }, (_, index) => {
    const open = cents;
    cents = Math.round(cents * (1 + 0.002 * random.normal()));
    const [high, low] = [Math.max(open, cents) + 500, Math.min(open, cents) - 500];
    const prices = [open, high, low, cents].map((price) => (price / 100).toFixed(2));
    return [START_MS + index * MINUTE_MS, ...prices, '10'].join(',');
  });
  return `timestamp_ms,open,high,low,close,volume\n${lines.join('\n')}\n`;
}

const backtest = (...args: readonly string[]) =>
  runBallast(cwd, ['backtest', '--symbol', 'BTC/USDT', '--timeframe', '5m', ...args]);

interface Document {
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly notes: readonly string[];
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly trades: readonly {
    readonly strategy: string;
    readonly openTimeMs: number;
    readonly closeTimeMs: number;
    readonly profit: number;
    readonly exitReason: string;
  }[];
  readonly equity: readonly { readonly timeMs: number; readonly equity: number }[];
}

const document = (...args: readonly string[]): Document => {
  const { status, stdout, stderr } = backtest(...args, '--json');
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Document;
};

const OWN = [
  '--strategy',
  'ema-cross',
  '--data',
  'data',
  '--param',
  'minAdx=null',
  '--param',
  'trailAtr=null',
];

it('tests a strategy on a folder of files and writes configuration, metrics, trades and daily equity', () => {
  const { status, stdout } = backtest(...OWN, '--fraction', '0.5', '--json', 'out.json');
  expect([status, stdout]).toEqual([0, expect.stringMatching(/Total return[\s\S]*Written: .*out\.json\n$/)]);
  const written = JSON.parse(readFileSync(join(cwd, 'out.json'), 'utf8')) as Document;
  expect(written.configuration).toMatchObject({
    strategies: [{ id: 'ema-cross', parameters: { minAdx: null, fast: 12 } }],
    ...{ symbols: ['BTC/USDT'], timeframe: '5m', balance: '10000', finer: ['1m'] },
    fees: { maker: '0.001', taker: '0.001' },
    rules: { sizing: { kind: 'cash-fraction', fraction: 0.5 }, targets: 'intrabar' },
  });
  expect(written.trades.length).toBeGreaterThan(10);
  const profit = written.trades.reduce((total, trade) => total + trade.profit, 0);
  expect(written.metrics).toMatchObject({ trades: written.trades.length, startingBalance: 10_000 });
  expect(written.metrics.finalBalance).toBeCloseTo(10_000 + profit, 6);
  expect(written.equity[0]).toEqual({ timeMs: START_MS, equity: 10_000 });
  expect(written.equity.at(-1)?.equity).toBeCloseTo(10_000 + profit, 6);
  expect(written.notes.join(' ')).toContain('fills at the next open');
});

it('begins to trade where it is told, warmed up by the bars before', () => {
  const from = '2024-01-08';
  const whole = document(...OWN, '--fraction', '0.1');
  const part = document(...OWN, '--fraction', '0.1', '--from', from, '--to', '2024-01-12');
  const begin = Date.parse(from);
  expect(part.trades[0]?.openTimeMs).toBeGreaterThanOrEqual(begin);
  expect(part.equity[0]).toEqual({ timeMs: begin, equity: 10_000 });
  // Where the account is flat, the same signals enter.
  const times = whole.trades.map(({ openTimeMs }) => openTimeMs);
  expect(times).toEqual(expect.arrayContaining(part.trades.slice(1, 5).map(({ openTimeMs }) => openTimeMs)));
});

it('sizes by the limits of live trading unless told otherwise, and reads ambiguous bars both ways', () => {
  const { metrics, configuration, notes } = document(...OWN, '--bracket');
  expect(configuration).toMatchObject({
    rules: { sizing: { kind: 'risk', limits: { riskFraction: 0.01 } } },
  });
  expect(metrics).toHaveProperty(['bracket.optimistic.finalBalance']);
  expect(notes.join(' ')).toContain('Read against the strategy');
});

it('says since when a locked account has not entered any more', () => {
  writeFileSync(join(cwd, 'tight.yaml'), 'sizing: { kind: risk, limits: { maxDrawdownFraction: 0.01 } }');
  const { trades, notes } = document(...OWN, '--rules', 'tight.yaml');
  const lastMs = Math.max(...trades.map(({ openTimeMs }) => openTimeMs));
  const last = new Date(lastMs).toISOString().slice(0, 16).replace('T', ' ');
  expect(notes.join(' ')).toContain(`was locked (drawdown): the last entry was at ${last} UTC`);
});

it('says why it cannot say how far a result is to be believed', () => {
  const { trades, notes } = document('--strategy', 'news-event', '--data', 'data', '--truth');
  expect(trades).toEqual([]);
  expect(notes.join(' ')).toContain('Nothing can be said about luck (--truth)');
});

/** Every two hours something happens, and half of the time it is good. */
function moods(): string {
  const lines = Array.from({ length: Math.floor(MINUTES / 120) }, (_, index) => {
    const timeMs = START_MS + (index * 120 + 7) * MINUTE_MS;
    return [timeMs + 2 * MINUTE_MS, timeMs, index % 2 === 0 ? 0.6 : -0.4, 0].join(',');
  });
  return `known_at_ms,time_ms,score,breaking\n${lines.join('\n')}\n`;
}

it('shows a test with moods beside the same without them', () => {
  mkdirSync(join(cwd, 'news/moods'), { recursive: true });
  mkdirSync(join(cwd, 'news/spot/1m'), { recursive: true });
  writeFileSync(join(cwd, 'news/moods/BTC.csv'), moods());
  writeFileSync(join(cwd, 'news/spot/1m/BTC_USDT.csv.gz'), gzipSync(minutes()));
  const args = [
    '--strategy',
    'news-event',
    '--data',
    'news',
    '--fraction',
    '0.5',
    '--param',
    'minMoveAtr=0',
    '--param',
    'holdBars=4',
  ];
  const { status, stdout } = backtest(...args, '--without', 'mood', '--json', 'both.json');
  expect([status, stdout]).toEqual([0, expect.stringMatching(/With and without mood[\s\S]*Final balance/)]);
  const both = JSON.parse(readFileSync(join(cwd, 'both.json'), 'utf8')) as Document;
  expect(both.trades.length).toBeGreaterThan(5);
  expect(both.notes.join(' ')).toMatch(
    /166 observations of mood of BTC, seen as they became known: something on [\d.]+ %/,
  );
  // It has nothing else to go by.
  expect(both).toMatchObject({
    without: { hidden: ['mood'], trades: [], metrics: { trades: 0, finalBalance: 10_000 } },
  });
  // Four bars of five minutes, and the way out.
  const held = both.trades.map(({ openTimeMs, closeTimeMs }) => closeTimeMs - openTimeMs);
  expect(Math.max(...held)).toBeLessThanOrEqual(6 * 5 * MINUTE_MS);
  expect(both.trades.map(({ exitReason }) => exitReason)).toContain('time');
});

it('tests on the simulated market, several strategies on one account', () => {
  const { trades, configuration } = document(
    ...['--strategy', 'ema-cross', '--strategy', 'rsi', '--simulate', '--seed', '4', '--fraction', '0.2'],
    ...['--to', '2026-01-20'],
  );
  expect(configuration).toMatchObject({ data: 'the simulated market, seed 4' });
  expect([...new Set(trades.map(({ strategy }) => strategy))].sort()).toEqual(['ema-cross', 'rsi']);
});

it.each([
  [['--strategy', 'none', '--data', 'data'], 'There is no strategy "none".'],
  [['--strategy', 'rsi', '--data', 'nowhere'], 'There is no '],
  [['--strategy', 'rsi', '--data', 'data', '--symbol', 'XRP/USDT'], 'There are no bars for XRP/USDT 5m'],
  [['--strategy', 'rsi', '--data', 'data', '--fee', '2'], '--fee 2 is no fee.'],
  [['--strategy', 'rsi', '--data', 'data', '--balance', '-5'], '--balance -5 is not an amount above zero.'],
  [
    ['--strategy', 'rsi', '--data', 'data', '--from', '2030-01-01'],
    'There are no bars of BTC/USDT 5m in this range: ',
  ],
  [['--strategy', 'rsi', '--data', 'data', '--leverage', '3'], '--leverage is for perpetuals'],
  [
    ['--strategy', 'rsi', '--data', 'data', '--without', 'mood'],
    '--without mood: no strategy looks at it, so hiding it changes nothing.',
  ],
  [['--strategy', 'rsi', '--data', 'data', '--rules', 'absent.yaml'], 'absent.yaml cannot be read'],
])('refuses %j and says why', (args, message) => {
  const { status, stderr } = backtest(...args);
  expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
});
