import { setImmediate } from 'node:timers/promises';
import type { GrantedPosition, Owners } from '../../../activities/deps';
import type { LaneEnd, LaneSettings, RunLaneInput } from '../../../activities/lane/contract';
import { LaneRun } from '../../../activities/lane/lane-run';
import { createLaneTools } from '../../../activities/lane/lane';
import type { Decision } from '../../../adapters/store/port';
import { timeframeMs, type Bar } from '../../../domain/bar';
import { decimal } from '../../../domain/decimal';
import { riskLimitsSchema } from '../../../domain/risk';
import { ACCOUNT, createBench, DEPLOYMENT, noOwners, START_MS, STRATEGY, type Bench } from '../bench';

export const MINUTE_MS = timeframeMs('1m');
export const SYMBOL = 'BTC/USDT';
const SETTLING = 50;

/** A market that swings about 100, so that a fast RSI crosses its levels every few bars. */
export function swinging(openTimeMs: number): Omit<Bar, 'openTimeMs'> {
  const at = (bar: number): number => Math.round(100 * (100 + 3 * Math.sin(bar * 0.9))) / 100;
  const bar = (openTimeMs - START_MS) / MINUTE_MS;
  const [open, close] = [at(bar - 1), at(bar)];
  return { open, close, high: Math.max(open, close) + 0.1, low: Math.min(open, close) - 0.1, volume: 10 };
}

export const SETTINGS: LaneSettings = {
  ...{ deployment: DEPLOYMENT, account: ACCOUNT, venue: 'fake', name: STRATEGY },
  ...{ strategyId: 'rsi', symbols: [SYMBOL], timeframe: '1m' },
  parameters: { period: 2, oversold: 50, overbought: 99, stopAtr: 20 },
  limits: riskLimitsSchema.parse({}),
  ...{ entryTtlBars: 2, maxHoldingBars: null },
};

/** A lane over a journal and an exchange in memory, whose clock and stream a test moves. */
export class LaneBench {
  readonly bench: Bench;
  readonly started: GrantedPosition[] = [];
  readonly told: string[] = [];
  /** What was asked for by request, by the market time up to which. */
  readonly asked: number[] = [];
  private readonly stop = new AbortController();
  private beats: (() => void)[] = [];
  private end: Promise<LaneEnd> | undefined;

  constructor() {
    const owners: Owners = {
      ...noOwners,
      startPosition: (granted) => Promise.resolve(void this.started.push(granted)),
      notifyPosition: (positionId) => Promise.resolve(this.told.push(positionId) > 0),
      notifyOrder: () => Promise.resolve(true),
    };
    this.bench = createBench(owners);
    const { exchange } = this.bench;
    exchange.history = swinging;
    const bars = exchange.bars.bind(exchange);
    exchange.bars = (request) => {
      this.asked.push(request.untilMs ?? Infinity);
      return bars(request);
    };
  }

  /** Opens the account and the strategy's first lane, and runs it until it listens. */
  async start(
    change: Partial<RunLaneInput> = {},
    opened: { readonly entriesPaused?: boolean } = {},
  ): Promise<void> {
    const { store, deps } = this.bench;
    await store.openAccount(ACCOUNT, 's1');
    const lane = { account: ACCOUNT, strategy: STRATEGY, entriesPaused: false, reason: 'test', ...opened };
    const generation = await store.openLane(lane);
    const input = {
      settings: SETTINGS,
      session: 's1',
      generation,
      entriesPaused: false,
      newsPause: null,
      ...change,
    };
    // Nothing passes by itself: the lane looks at its clock when the test lets it.
    const waiting = { ...deps, pause: () => new Promise<void>((resolve) => this.beats.push(resolve)) };
    this.end = new LaneRun(waiting, input, createLaneTools(deps)).run(this.stop.signal);
    this.end.catch(() => undefined);
    await this.settle();
  }

  /** The clock moves to a bar's close, and so does the market; the stream tells of it unless it is mute. */
  async close(bar: number, { mute = false, symbol = SYMBOL } = {}): Promise<void> {
    const openTimeMs = START_MS + bar * MINUTE_MS;
    const shape = swinging(openTimeMs);
    this.bench.time.nowMs = openTimeMs + MINUTE_MS;
    this.bench.exchange.moveTo(decimal(String(shape.close)));
    if (!mute)
      await this.bench.exchange.market.tell({
        kind: 'bar',
        symbol,
        timeframe: '1m',
        bar: { openTimeMs, ...shape },
      });
    await this.settle();
  }

  /** So much wall time passes, and the lane looks at its clock. */
  async pass(ms: number): Promise<void> {
    this.bench.time.nowMs += ms;
    await this.beat();
  }

  async beat(): Promise<void> {
    for (const beat of this.beats.splice(0)) beat();
    await this.settle();
  }

  decision(bar: number, symbol = SYMBOL): Promise<Decision | undefined> {
    const barCloseMs = START_MS + (bar + 1) * MINUTE_MS;
    return this.bench.store.decision({
      account: ACCOUNT,
      session: 's1',
      strategy: STRATEGY,
      symbol,
      barCloseMs,
    });
  }

  /** How the lane ended. Its clock is looked at once more, so that it can. */
  async ended(): Promise<LaneEnd> {
    await this.beat();
    if (this.end === undefined) throw new Error('The lane was not started.');
    return this.end;
  }

  async cancel(): Promise<void> {
    this.stop.abort();
    await this.ended().catch(() => undefined);
  }

  /** Everything that can go on without time has. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < SETTLING; turn += 1) await setImmediate();
  }
}
