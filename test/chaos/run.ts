import { setTimeout as sleep } from 'node:timers/promises';
import { PositionState } from '../../domain/position';
import type { Difference } from '../crash/harness/compare-records';
import { readJournalRecord } from '../crash/harness/journal-record';
import type { Servers } from '../crash/harness/servers';
import { waitFor, within } from '../crash/harness/wait';
import { unfinishedBusiness } from '../crash/harness/workflow-runs';
import { World } from '../crash/harness/world';
import { explain, type Chronicle, type Entry } from './chronicle';
import { judge, type Verdict } from './judge';
import { HISTORIES_MS, LIMITS } from './limits';
import { Operator } from './operator';
import type { ChaosOptions } from './options';
import type { FaultRequest } from './faults';
import { outagesOf, type Outage } from './excuses';
import { describeEvent, scheduleOf, Target, type ScheduledEvent } from './schedule';
import { RISK, STRATEGIES } from './strategies';
import { Supervisor } from './supervisor';
import { readTemporalRecord } from './temporal-record';
import { exchangeEntries, journalEntries, strikeEntries, unservedEntries, type Source } from './timeline';

const SUMMARY_MS = 5_000;

/** How a run ended. */
export interface Outcome {
  readonly verdict: Verdict;
  /** Nothing was under way, every position closed and both records equal, twice. */
  readonly agreed: boolean;
  readonly failures: readonly Entry[];
  readonly leftOut: number;
}

/** What a run is to whoever sees it through. */
export interface Run {
  /** When it began, wall time. */
  readonly startMs: number;
  /** Halts and reductions that the account made by itself. */
  readonly selfHalts: number;
  /** How often the planned faults have struck. */
  faultStrikes(): number;
  play(): Promise<void>;
  finish(): Promise<Outcome>;
  /** What can be told of it. @param outcome null when it was not judged */
  sources(outcome: Outcome | null): readonly Source[];
  /** Ends its processes. */
  close(): Promise<void>;
}

/** One run: a world that trades while the schedule is played, then comes to rest and is judged. */
export class ChaosRun implements Run {
  private readonly supervisor: Supervisor;
  private readonly operator: Operator;
  readonly startMs = Date.now();
  private faults = 0;
  /** When the exchange could not be expected to take orders, because a fault of ours said so. */
  private readonly deaf: Outage[] = [];
  private readonly plans = new Set<Promise<void>>();

  private constructor(
    readonly world: World,
    private readonly options: ChaosOptions,
    private readonly chronicle: Chronicle,
    private readonly print: (line: string) => void,
  ) {
    this.supervisor = new Supervisor(world, this.chronicle);
    const names = STRATEGIES.map(({ name }) => name);
    this.operator = new Operator(world, names, this.chronicle);
  }

  static async open(
    servers: Servers,
    options: ChaosOptions,
    chronicle: Chronicle,
    print: (line: string) => void,
  ): Promise<ChaosRun> {
    const { seed, speed, workers } = options;
    const world = await World.open(servers, {
      name: 'chaos',
      seed,
      exchange: { speed, running: true, keepHistory: true },
      strategies: STRATEGIES,
      settings: RISK,
    });
    for (let more = 1; more < workers; more += 1) await world.startWorker(String.fromCharCode(97 + more));
    return new ChaosRun(world, options, chronicle, print);
  }

  /** Lets the schedule happen. */
  async play(): Promise<void> {
    const { seed, minutes } = this.options;
    const schedule = scheduleOf(seed, minutes, STRATEGIES.length);
    this.print(
      `${schedule.length} events in ${minutes} minutes from seed ${seed}; ${this.world.servers.folder}`,
    );
    const summaries = setInterval(() => {
      this.summarise().then(this.print, () => undefined);
    }, SUMMARY_MS);
    const endMs = Date.now() + minutes * 60_000;
    const beginMs = Date.now();
    try {
      for (const event of schedule) {
        await sleep(Math.max(0, beginMs + event.atMs - Date.now()));
        this.happen(event);
      }
      await sleep(Math.max(0, endMs - Date.now()));
    } finally {
      clearInterval(summaries);
    }
  }

  /**
   * Ends all faults, brings everything up, flattens, waits for agreement, and judges. Bounded by `LIMITS`.
   * @throws Error when there is not enough evidence to judge by
   */
  async finish(): Promise<Outcome> {
    this.print('No more faults: everything up, flatten, agree.');
    await this.step('bringing everything up', LIMITS.up, () => this.supervisor.allUp());
    await this.step('undoing the faults', LIMITS.undo, () => Promise.all(this.plans));
    await this.step('calling off the faults', LIMITS.callOff, () => this.world.exchange.callOffFaults());
    await this.step('ending what the operator began', LIMITS.rest, () => this.operator.rest());
    await this.step('stopping the strategies', LIMITS.stop, () => this.operator.stopStrategies());
    const flat = await this.step('closing every position', LIMITS.flat, () => this.allClosed());
    const agreed = await this.step('agreement', LIMITS.agree, () => this.world.agreement(LIMITS.agree));
    const outcome = await within(LIMITS.judge, () => this.judge()).catch((error: unknown) => {
      throw new Error('the evidence could not be read', { cause: error });
    });
    return { ...outcome, agreed: flat && agreed };
  }

  faultStrikes(): number {
    return this.world.exchange.faultLog().length;
  }

  close(): Promise<void> {
    return this.world.close();
  }

  sources(outcome: Outcome | null): readonly Source[] {
    const { exchange, pool, account, client } = this.world;
    const failures = async (): Promise<readonly Entry[]> =>
      outcome?.failures ?? (await readTemporalRecord(client, Date.now() + HISTORIES_MS / 5)).failures;
    return [
      { name: 'what was not served', read: () => unservedEntries(this.world.unserved) },
      { name: 'the strikes of faults', read: () => strikeEntries(exchange.faultLog()) },
      { name: "the exchange's journal", read: () => exchangeEntries(exchange.history()) },
      { name: "Ballast's journal", read: () => journalEntries(pool, account.account) },
      { name: "Temporal's histories", read: failures },
    ];
  }

  private async judge(): Promise<Omit<Outcome, 'agreed'>> {
    const endMs = Date.now();
    const { tasks, failures, leftOut } = await readTemporalRecord(this.world.client, endMs + HISTORIES_MS);
    const verdict = judge({
      records: await this.world.records(),
      unfinished: await this.unfinished(),
      history: this.world.exchange.history(),
      tasks,
      strikes: this.supervisor.strikes,
      downtimes: this.supervisor.downtimes,
      silence: { outages: this.outages, unserved: this.world.unserved },
      faults: this.faults,
      endMs,
    });
    return { verdict, failures, leftOut };
  }

  get selfHalts(): number {
    return this.operator.selfHalts;
  }

  private get outages(): readonly Outage[] {
    const kills = this.supervisor.downtimes.filter(({ target }) => target === Target.Exchange);
    return outagesOf(
      this.deaf,
      kills.map(({ fromMs }) => fromMs),
    );
  }

  private happen(event: ScheduledEvent): void {
    switch (event.do) {
      case 'kill':
        this.supervisor.strike(event.targets, event.downMs);
        return;
      case 'fault':
        this.begin(this.plan(event));
        return;
      case 'operate':
        this.operator.operate(event.action, event.strategy, event.forMs);
    }
  }

  /** A fault that lasts gets its window now; what has to be undone is undone, even after the exchange was restarted. */
  private async plan(event: ScheduledEvent & { readonly do: 'fault' }): Promise<void> {
    const { request, forMs, undo, isDeaf = false } = event.fault;
    if (!this.supervisor.isUp(Target.Exchange)) {
      this.chronicle.note('harness', `the exchange is down: no ${describeEvent(event)}`);
      return;
    }
    try {
      const fromMs = Date.now();
      const lasting =
        forMs === undefined || undo !== undefined ? {} : { window: { untilMs: fromMs + forMs } };
      await this.world.exchange.plan({ ...request, ...lasting });
      this.faults += 1;
      this.chronicle.note('fault', describeEvent(event));
      if (forMs === undefined) return;
      if (undo !== undefined) {
        await sleep(forMs);
        await waitFor('the fault to be undone', () => this.undo(undo), LIMITS.up);
      }
      const toMs = undo === undefined ? fromMs + forMs : Date.now();
      const symbol = 'symbol' in request ? request.symbol : undefined;
      if (isDeaf)
        this.deaf.push({ fromMs, toMs, why: request.kind, ...(symbol !== undefined && { symbol }) });
    } catch (error) {
      this.chronicle.note('harness', `${describeEvent(event)} could not be planned: ${explain(error)}`);
    }
  }

  private begin(plan: Promise<void>): void {
    this.plans.add(plan);
    void plan.finally(() => this.plans.delete(plan));
  }

  private async undo(request: FaultRequest): Promise<true> {
    await this.world.exchange.plan(request);
    return true;
  }

  /** One line of how things stand. */
  private async summarise(): Promise<string> {
    const { orders, trades } = this.world.exchange.record();
    const open = await this.world.store.livePositions(this.world.account.account).then(
      (positions) => String(positions.length),
      () => '?',
    );
    const elapsed = Math.round((Date.now() - this.startMs) / 1000);
    const kills = this.supervisor.strikes.reduce((sum, { targets }) => sum + targets.length, 0);
    const problems = this.chronicle.count('problem');
    return `${String(elapsed).padStart(5)} s  kills ${kills}  faults ${this.faults}  orders ${orders.length}  fills ${trades.length}  open ${open}  halts ${this.selfHalts}  problems ${problems}`;
  }

  /** One step of the end. @returns whether it was done in its time; what kept it from that is noted */
  private async step(what: string, limitMs: number, act: () => Promise<unknown>): Promise<boolean> {
    try {
      await within(limitMs, act);
      return true;
    } catch (error) {
      this.chronicle.note('problem', `${what}: ${explain(error)}`);
      this.print(`${what}: ${explain(error)}`);
      return false;
    }
  }

  private allClosed(): Promise<unknown> {
    const { pool, account } = this.world;
    return waitFor(
      'every position to be closed',
      async () => {
        const { positions } = await readJournalRecord(pool, account.account);
        return positions.every(({ state }) => state === PositionState.Closed) ? true : undefined;
      },
      LIMITS.flat,
    );
  }

  private async unfinished(): Promise<readonly Difference[]> {
    const { client, pool, account } = this.world;
    return unfinishedBusiness(client, await readJournalRecord(pool, account.account));
  }
}
