import { decimal } from '../../domain/decimal';
import type { PositionView } from '../../domain/position';
import type { ListedDecision, ListedOrder } from '../../adapters/store/views';
import { renderView } from '../../cli/view/render';
import { plainLines } from '../../cli/view/plain';
import { EMPTY_JOURNAL, EMPTY_MARKET, type Snapshot } from '../../cli/view/snapshot';

const d = decimal;
const ESCAPE = '\u001B';
const MARKET_MS = Date.UTC(2025, 5, 2, 19, 26, 44);

const starting: Snapshot = {
  ...EMPTY_JOURNAL,
  ...EMPTY_MARKET,
  wallTimeMs: Date.UTC(2026, 10, 21, 9, 45),
  mode: 'replay',
  market: 'recorded data, /data/markets',
  services: [
    { name: 'postgres', phase: 'ready', pid: 101, restarts: 0 },
    { name: 'temporal', phase: 'starting', restarts: 0 },
    { name: 'worker', phase: 'waiting', restarts: 0 },
  ],
  links: [],
  problem: null,
};

const order = (overrides: Partial<ListedOrder>): ListedOrder => ({
  clientOrderId: 'bl-aaaaaa-1',
  positionId: 'p',
  account: 'main',
  symbol: 'ETH/USDT',
  leg: 'entry',
  sequence: 0,
  side: 'buy',
  type: 'limit',
  quantity: d('0.3937'),
  limitPrice: d('2539.73'),
  stopPrice: null,
  state: 'filled',
  filledQuantity: d('0.3937'),
  filledQuote: d('999.509812'),
  exchangeOrderId: '7',
  replaces: null,
  sendDeadlineMs: null,
  reason: null,
  version: 3,
  strategy: 'rsi-1m',
  createdAt: '2026-11-21T09:44:54.000Z',
  changedAt: '2026-11-21T09:44:55.000Z',
  ...overrides,
});

const stop = order({
  leg: 'stop',
  side: 'sell',
  type: 'stop-market',
  limitPrice: null,
  stopPrice: d('2529.56'),
  quantity: d('0.3933'),
  state: 'open',
  filledQuantity: d('0'),
  filledQuote: d('0'),
});

const position: PositionView = {
  positionId: 'p',
  account: 'main',
  session: 's',
  strategy: 'rsi-1m',
  symbol: 'ETH/USDT',
  timeframe: '1m',
  barCloseMs: MARKET_MS - 600_000,
  state: 'live',
  epoch: 0,
  quantity: d('0.3937'),
  limitPrice: d('2539.73'),
  stopPrice: d('2529.56'),
  targetPrice: d('2579.12'),
  trailDistance: null,
  reservedQuote: d('1000'),
  expiresAtMs: MARKET_MS,
  exitReason: null,
  grantedAtMs: MARKET_MS - 600_000,
  openedAtMs: MARKET_MS - 372_000,
  closedAtMs: null,
  unprotectedMs: 120,
  orders: [stop],
  ledger: {
    boughtQuantity: d('0.3937'),
    soldQuantity: d('0'),
    baseFees: d('0.0003937'),
    quoteFees: d('0'),
    otherFees: {},
    boughtQuote: d('999.509812'),
    soldQuote: d('0'),
    heldQuantity: d('0.3933063'),
    heldCost: d('999.509812'),
    averageEntry: d('2538.76'),
    realisedPnl: d('0'),
  },
  instrument: {
    symbol: 'ETH/USDT',
    base: 'ETH',
    quote: 'USDT',
    tickSize: d('0.01'),
    stepSize: d('0.0001'),
    minQuantity: d('0.0001'),
    minNotional: d('5'),
    makerFee: d('0.001'),
    takerFee: d('0.001'),
  },
};

const decision = (minute: number, overrides: Partial<ListedDecision> = {}): ListedDecision => ({
  decisionId: `decision-${minute}`,
  session: 's',
  strategy: 'rsi-1m',
  symbol: 'ETH/USDT',
  barCloseMs: Date.UTC(2025, 5, 2, 19, minute),
  outcome: 'hold',
  reasons: [{ code: 'no-recovery', text: 'RSI(14) is 63.53 after 56.84: it did not cross back above 30' }],
  close: d('2540'),
  positionId: null,
  recordedAt: '2026-11-21T09:44:54.000Z',
  ...overrides,
});

const trading: Snapshot = {
  ...starting,
  clock: { timeMs: MARKET_MS, speed: 60, state: 'running' },
  quotes: [
    { symbol: 'BTC/USDT', bid: d('104473.16'), ask: d('104473.17'), last: d('104473.17') },
    { symbol: 'ETH/USDT', bid: d('2550.10'), ask: d('2550.11'), last: d('2550.11') },
  ],
  services: ['postgres', 'temporal', 'emulator', 'worker'].map((name, index) => ({
    name,
    phase: 'ready',
    pid: 100 + index,
    restarts: name === 'worker' ? 2 : 0,
  })),
  account: {
    account: 'main',
    session: 's',
    mode: 'ACTIVE',
    modeReason: '',
    haltEpoch: 0,
    equity: { equity: d('10012.33'), equityAtDayStart: d('10000'), peakEquity: d('10050'), dayStartMs: 0 },
    foreignHoldings: {},
    measuredSince: { wallTimeMs: 0, marketTimeMs: 0 },
  },
  totals: {
    livePositions: 1,
    closedPositions: 3,
    wins: 2,
    losses: 1,
    realisedPnl: d('-3.5'),
    realisedPnlToday: d('-3.5'),
    fees: {},
    fills: 7,
    orders: {},
    decisions: 108,
    unprotectedMs: { median: 90, longest: 120 },
  },
  positions: [position],
  decisions: [
    decision(25, { symbol: 'BTC/USDT' }),
    decision(20, {
      outcome: 'enter',
      reasons: [{ code: 'r', text: 'RSI(14) rose to 38.16 from 29.66, back above 30' }],
    }),
  ],
  orders: [
    stop,
    order({}),
    order({ state: 'abandoned', filledQuantity: d('0'), filledQuote: d('0'), reason: 'expired' }),
  ],
  riskEvents: [
    {
      code: 'max-exposure',
      message: 'The exposure left allows 0 ETH.',
      marketTimeMs: 1,
      recordedAt: '2026-11-21T09:40:00.000Z',
    },
  ],
  links: [
    { name: 'Web UI', url: 'http://127.0.0.1:8233' },
    { name: 'exchange', url: 'http://127.0.0.1:8290' },
  ],
};

const SIZES = [
  [80, 24],
  [120, 40],
  [40, 10],
  [200, 60],
] as const;

describe('the live view', () => {
  it.each([
    ['starting', starting],
    ['trading', trading],
    [
      'halted',
      {
        ...trading,
        account: trading.account && { ...trading.account, mode: 'HALTED' as const, modeReason: 'drill' },
      },
    ],
    [
      'unprotected',
      {
        ...trading,
        positions: [{ ...position, orders: [] }],
        problem: 'The exchange does not answer: refused',
      },
    ],
  ])('%s, 80 by 24 and 120 by 40', (_name, snapshot) => {
    expect(renderView(snapshot, { columns: 80, rows: 24, colour: false }).join('\n')).toMatchSnapshot();
    expect(renderView(snapshot, { columns: 120, rows: 40, colour: false }).join('\n')).toMatchSnapshot();
  });

  it.each(SIZES)('fits %i columns and %i rows', (columns, rows) => {
    const crowded: Snapshot = {
      ...trading,
      positions: Array.from({ length: 9 }, () => position),
      decisions: Array.from({ length: 20 }, (_, minute) => decision(minute)),
      orders: Array.from({ length: 12 }, () => stop),
    };
    for (const snapshot of [starting, trading, crowded]) {
      const lines = renderView(snapshot, { columns, rows, colour: false });
      expect(lines).toHaveLength(rows);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    }
  });

  it('shows the stop of every position at any usual size, and shouts when there is none', () => {
    for (const [columns, rows] of SIZES.filter(([width]) => width >= 80)) {
      expect(renderView(trading, { columns, rows, colour: false }).join('\n')).toContain('2529.56');
    }
    const naked = { ...trading, positions: [{ ...position, orders: [] }] };
    expect(renderView(naked, { columns: 80, rows: 24, colour: true }).join('\n')).toMatch(
      new RegExp(`${ESCAPE}\\[31m *none`),
    );
  });

  it('says of made-up news whose they are before it shows a mood, in any room', () => {
    const mood = { asset: 'BTC', score: 0.25, trend: -0.1, missing: 0.5, stories: 2, breaking: false };
    const news = {
      of: 'demonstration' as const,
      scorer: 'any',
      label: 'local demonstration feed of the emulator: made-up headlines',
      sources: [],
      moods: [{ ...mood, timeMs: 1, knownMs: 1, silent: 0, scorer: 'any' }],
      stories: [],
    };
    for (const [columns, rows] of SIZES) {
      const shown = renderView({ ...trading, news }, { columns, rows, colour: false });
      const at = shown.findIndex((line) => line.includes('BTC +0.25'));
      if (at >= 0) expect(shown[at - 1]).toContain('local demonstration');
      if (columns >= 120) expect(at).toBeGreaterThan(0);
    }
    expect(plainLines({ ...trading, news }, new Set()).at(-1)).toContain(
      'mood BTC +0.25 (local demonstration feed of the emulator)',
    );
    expect(renderView(trading, { columns: 120, rows: 40, colour: false }).join('\n')).not.toContain('mood');
  });

  it('colours only what it is told to, and never changes the text', () => {
    const colourful = renderView(trading, { columns: 100, rows: 30, colour: true }).join('\n');
    const bare = renderView(trading, { columns: 100, rows: 30, colour: false }).join('\n');
    expect(colourful).toContain(ESCAPE);
    expect(colourful.replace(new RegExp(`${ESCAPE}\\[[\\d;]*m`, 'g'), '')).toBe(bare);
  });
});

describe('the plain view', () => {
  it('tells each decision to act once, oldest first, and the account every time', () => {
    const told = new Set<string>();
    expect(plainLines(trading, told)).toEqual([
      '2025-06-02 19:20  ETH/USDT rsi-1m enter: RSI(14) rose to 38.16 from 29.66, back above 30',
      '09:45:00  market 2025-06-02 19:26  ACTIVE  equity 10,012.33 (today +12.33)  1 open  7 fills',
    ]);
    expect(plainLines(trading, told)).toHaveLength(1);
  });

  it('says what is not ready', () => {
    expect(plainLines(starting, new Set())).toEqual([
      '09:45:00  market ?  starting  equity ?  0 open  temporal starting, worker waiting',
    ]);
  });
});
