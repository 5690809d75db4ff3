import { lastCloseMs, timeframeMs } from '../../domain/bar';
import { marketTimeAt, wallDelayUntil, type ClockReading } from '../../domain/clock';
import { mergeNeeds, sameSource, type BarNeed, type BarSource } from '../../domain/strategy-columns';
import { DecisionOutcome } from '../../adapters/store/port';
import type { MarketEvent } from '../../adapters/exchange/port';
import { chooseStrategy } from '../chosen-strategy';
import type { ActivityDeps } from '../deps';
import type { Evaluate, EvaluatedDecision } from '../evaluation';
import { wakePosition } from '../wake';
import type { LaneEnd, RunLaneInput } from './contract';
import { LaneBars } from './lane-bars';
import { keptFor, LaneCandles, type Looked } from './lane-candles';
import { enter, type EntryTools, type ProposedEntry } from './lane-entry';
import { watchListed } from './lane-stream';
import { LaneTargets } from './lane-targets';

/** How often a lane looks at the clock, in wall milliseconds. */
const BEAT_MS = 200;
/** A bar that has not been told so long after its close, in wall time, is asked for. */
const LATE_MS = 2_000;
/** What an entry needs to know is read this long before the next close, in wall time. */
const AHEAD_MS = 1_500;
/** A decision that failed is tried again after this, in wall milliseconds, as long as its bar is the newest. */
const AGAIN_MS = 1_000;

/** What a lane works with, beside the ports. */
export interface LaneTools extends EntryTools {
  readonly evaluate: Evaluate;
  /** Sends what is wished of a position. */
  readonly carryOut: (positionId: string) => Promise<unknown>;
}

/** One symbol of a lane. */
interface Desk {
  readonly own: BarSource;
  readonly needs: readonly BarNeed[];
  /** Close of the newest bar that was decided on; null for none. */
  decidedMs: number | null;
  /** Close of the newest bar that management has seen; behind it after one that could not be decided on. */
  managedMs: number | null;
  /** The decision under way. */
  busy: Promise<void> | null;
  failedAtMs: number;
}

/** One run of a lane: from the first connection to its end. */
export class LaneRun {
  private readonly desks: ReadonlyMap<string, Desk>;
  private readonly bars: LaneBars;
  private readonly candles: LaneCandles;
  private readonly targets: LaneTargets;
  private readonly over = new AbortController();
  private end: LaneEnd | undefined;

  constructor(
    private readonly deps: ActivityDeps,
    private readonly input: RunLaneInput,
    private readonly tools: LaneTools,
  ) {
    const { settings, session } = input;
    const { timeframe, account, name: strategy } = settings;
    const desk = (symbol: string): Desk => {
      const own = { symbol, timeframe };
      const { needs } = chooseStrategy(deps.strategies, settings, own);
      return { own, needs, decidedMs: null, managedMs: null, busy: null, failedAtMs: -Infinity };
    };
    this.desks = new Map(settings.symbols.map((symbol) => [symbol, desk(symbol)]));
    this.bars = new LaneBars(keptFor(mergeNeeds([...this.desks.values()].map(({ needs }) => needs))));
    this.candles = new LaneCandles(deps, session, this.bars);
    this.targets = new LaneTargets(deps, { account, strategy }, tools.carryOut);
  }

  /** @throws the signal's reason when it aborts, and what makes going on impossible */
  async run(signal: AbortSignal): Promise<LaneEnd> {
    const stop = AbortSignal.any([signal, this.over.signal]);
    const { account, symbols } = this.input.settings;
    this.tools.marks.readAhead(account, symbols);
    await this.goOn();
    const beating = this.beat(stop);
    try {
      const all = { bars: this.bars.needs, trades: symbols };
      await watchListed(this.deps.exchange, all, (event) => this.hear(event), stop);
    } finally {
      this.over.abort();
      await beating;
      for (const { busy } of this.desks.values()) await busy;
      await Promise.all([this.candles.saved(), this.targets.done()]);
    }
    if (this.end !== undefined) return this.end;
    signal.throwIfAborted();
    throw new Error('The market is not listened to any more.');
  }

  /**
   * Goes on where the journal ends: what was decided is not decided again, and no position that another process may have died over is
   * left without an owner, or without its stop.
   */
  private async goOn(): Promise<void> {
    const { settings, session } = this.input;
    const { account, name: strategy } = settings;
    const { store, owners } = this.deps;
    for (const { symbol, barCloseMs } of await store.lastDecided(account, session, strategy)) {
      const desk = this.desks.get(symbol);
      if (desk !== undefined) desk.decidedMs = desk.managedMs = barCloseMs;
    }
    const live = await store.livePositions(account);
    for (const { positionId } of live.filter((position) => position.strategy === strategy)) {
      await this.tools.carryOut(positionId);
      await wakePosition(owners, account, positionId);
    }
    await this.targets.refresh();
  }

  private async hear(event: MarketEvent): Promise<void> {
    switch (event.kind) {
      case 'connected':
        await this.catchUp();
        return;
      case 'gap':
        await this.fetch([event], event.toMs);
        return;
      case 'trade':
        this.targets.see(event);
        return;
      case 'bar':
        if (this.candles.add(event, event.bar) === 'gap') {
          await this.fetch([event], event.bar.openTimeMs);
          this.candles.add(event, event.bar);
        }
        this.decideWhatIsDue(event);
    }
  }

  /**
   * Fetches what was closed while nobody listened. A bar that has closed just now may still be told with what it was before its last
   * trades: the stream tells it, or it is asked for once it is late.
   */
  private async catchUp(): Promise<void> {
    try {
      const reading = await this.deps.clock.reading();
      await this.fetch(this.bars.needs, marketTimeAt(reading, this.deps.wallTimeMs() - LATE_MS));
    } catch (error) {
      this.deps.log.warn({ strategy: this.input.settings.name, error }, 'the clock cannot be read now');
    }
    this.decideWhatIsDue();
  }

  /** Fetches bars that had closed by `untilMs`. What cannot be had now is asked for again when it is missed. */
  private async fetch(sources: readonly BarSource[], untilMs: number): Promise<void> {
    try {
      await Promise.all(
        sources.map((source) => this.candles.look(source, lastCloseMs(untilMs, source.timeframe))),
      );
    } catch (error) {
      this.deps.log.warn({ strategy: this.input.settings.name, error }, 'bars cannot be fetched now');
    }
  }

  /** Decides on every symbol whose newest bar is undecided and has beside it all that is looked at; or on those that look at `source`. */
  private decideWhatIsDue(source?: BarSource): void {
    for (const desk of this.desks.values()) {
      if (source !== undefined && !desk.needs.some((need) => sameSource(need, source))) continue;
      const closeMs = this.bars.newestCloseMs(desk.own);
      if (closeMs === null || closeMs <= (desk.decidedMs ?? -Infinity)) continue;
      if (this.bars.missingAt(closeMs, desk.needs).length > 0) continue;
      this.decide(desk, closeMs, { problem: null });
    }
  }

  /** One decision at a time and symbol, and none twice; a bar that closes meanwhile is decided after it. */
  private decide(desk: Desk, barCloseMs: number, looked: Looked): void {
    if (desk.busy !== null || this.over.signal.aborted) return;
    // Somebody else may have decided while this one was looking for its bars.
    if (barCloseMs <= (desk.decidedMs ?? -Infinity)) return;
    desk.busy = this.decideOn(desk, barCloseMs, looked)
      .catch((error: unknown) => {
        desk.failedAtMs = this.deps.wallTimeMs();
        const { symbol } = desk.own;
        this.deps.log.warn(
          { strategy: this.input.settings.name, symbol, barCloseMs, error },
          'a decision failed',
        );
      })
      .then(() => {
        desk.busy = null;
        if (desk.failedAtMs === -Infinity) this.decideWhatIsDue(desk.own);
      });
  }

  private async decideOn(desk: Desk, barCloseMs: number, { problem }: Looked): Promise<void> {
    const { settings, session, entriesPaused, newsPause } = this.input;
    const { symbol } = desk.own;
    const doubts = problem === null ? this.candles.doubts(desk.needs, barCloseMs) : [];
    const [decision] = await this.tools.evaluate(
      {
        ...settings,
        ...{ session, strategy: settings.name, barCloseMs, previousBarCloseMs: desk.managedMs },
        entriesPaused: entriesPaused || (newsPause !== null && barCloseMs < newsPause.untilMs),
        verdicts: [{ symbol, ok: problem === null, problem, ...(doubts.length > 0 && { doubts }) }],
      },
      this.bars.windows,
    );
    if (decision !== undefined) await this.act(decision, barCloseMs);
    desk.decidedMs = barCloseMs;
    if (problem === null) desk.managedMs = barCloseMs;
    desk.failedAtMs = -Infinity;
    this.candles.save();
  }

  private async act(decision: EvaluatedDecision, barCloseMs: number): Promise<void> {
    const { proposal, outcome, positionId } = decision;
    if (proposal !== null) {
      const proposed: ProposedEntry = { ...decision, proposal };
      const entered = await enter(this.deps, this.input, this.tools, { decision: proposed, barCloseMs });
      if (entered === 'superseded') this.finish({ reason: 'superseded' });
    } else if (
      positionId !== null &&
      (outcome === DecisionOutcome.Exit || outcome === DecisionOutcome.Trail)
    ) {
      await this.tools.carryOut(positionId);
      this.tools.marks.renew(this.input.settings.account, decision.symbol);
    }
    await this.targets.refresh();
  }

  /** Bars may stay away on a connection that seems to be alive; and the market may begin a new session. */
  private async beat(stop: AbortSignal): Promise<void> {
    for (;;) {
      await this.deps.pause(BEAT_MS);
      if (stop.aborted) return;
      try {
        const reading = await this.deps.clock.reading();
        if (reading.session !== this.input.session) this.finish({ reason: 'session-over' });
        else await this.look(reading);
      } catch (error) {
        this.deps.log.warn(
          { strategy: this.input.settings.name, error },
          'the market cannot be looked at now',
        );
      }
    }
  }

  private async look(reading: ClockReading): Promise<void> {
    const { timeframe, symbols, account } = this.input.settings;
    const nowMs = this.deps.wallTimeMs();
    const overdueMs = lastCloseMs(marketTimeAt(reading, nowMs - LATE_MS), timeframe);
    const overdue = [...this.desks.values()].filter(
      (desk) =>
        (desk.decidedMs ?? -Infinity) < overdueMs &&
        desk.busy === null &&
        nowMs - desk.failedAtMs >= AGAIN_MS,
    );
    await this.decideAllLate(overdue, overdueMs);
    const nextCloseMs = lastCloseMs(marketTimeAt(reading, nowMs), timeframe) + timeframeMs(timeframe);
    if (reading.state === 'running' && wallDelayUntil(reading, nextCloseMs, nowMs) <= AHEAD_MS)
      this.tools.marks.readAhead(account, symbols);
  }

  /** A symbol whose bars cannot be fetched now keeps nobody from the others, and is left alone for a moment. */
  private async decideAllLate(desks: readonly Desk[], closeMs: number): Promise<void> {
    const failures = new Map<string, unknown>();
    const late = desks.map((desk) =>
      this.decideLate(desk, closeMs).catch((error: unknown) => {
        desk.failedAtMs = this.deps.wallTimeMs();
        failures.set(desk.own.symbol, error);
      }),
    );
    await Promise.all(late);
    const [error] = failures.values();
    if (failures.size > 0)
      this.deps.log.warn(
        { strategy: this.input.settings.name, symbols: [...failures.keys()], error },
        'bars that are late cannot be fetched now',
      );
  }

  /** The bar was not told: it is asked for, and when it cannot be had the decision says so. */
  private async decideLate(desk: Desk, closeMs: number): Promise<void> {
    const newestMs = this.bars.newestCloseMs(desk.own) ?? -Infinity;
    const dueMs = Math.max(closeMs, newestMs);
    const missing = this.bars.missingAt(dueMs, desk.needs);
    const looked = await Promise.all(
      missing.map((source) => this.candles.look(source, lastCloseMs(dueMs, source.timeframe))),
    );
    const problem = looked.find((each) => each.problem !== null)?.problem ?? null;
    this.decide(desk, dueMs, { problem });
  }

  private finish(end: LaneEnd): void {
    this.end ??= end;
    this.over.abort();
  }
}
