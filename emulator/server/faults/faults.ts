import type { Venue } from '../../venue';
import { ExchangeFaults } from './exchange-faults';
import { ExecutionFaults } from './execution-faults';
import { FaultLog, type FaultStrike } from './log';
import { FaultPlan, type FaultView } from './plan';
import type { FaultRequest } from './request';
import { RequestFaults } from './request-faults';
import { StreamFaults } from './stream-faults';

/** Wall time between two looks for something to strike. */
const SWEEP_MS = 50;

const SWEPT_KINDS = [
  ...(['cancel-order', 'expire-order', 'fill-order', 'rules', 'trading-status'] as const),
  ...(['ws-disconnect', 'ws-terminated'] as const),
] as const;

/** Everything that goes wrong on command: what is planned, and the parts of the server that ask about it. */
export class Faults {
  readonly requests: RequestFaults;
  readonly execution: ExecutionFaults;
  readonly streams: StreamFaults;
  private readonly plan: FaultPlan;
  private readonly exchange: ExchangeFaults;
  private readonly log: FaultLog;
  private readonly timer: NodeJS.Timeout;
  private sweeping: Promise<void> = Promise.resolve();

  /** @param onError told when the exchange could not be made to do what was planned. */
  constructor(venue: Venue, logPath: string, wallMs: () => number, onError: (error: unknown) => void) {
    this.log = new FaultLog(logPath);
    this.plan = new FaultPlan(this.log, { wallMs, marketMs: () => venue.nowMs });
    this.requests = new RequestFaults(this.plan, wallMs);
    this.execution = new ExecutionFaults(this.plan, venue, wallMs);
    this.streams = new StreamFaults(this.plan);
    this.exchange = new ExchangeFaults(this.plan, venue);
    this.timer = setInterval(() => {
      if (this.plan.has(SWEPT_KINDS)) this.sweep().catch(onError);
    }, SWEEP_MS);
  }

  /**
   * Plans a fault. One that acts by itself has acted when this resolves, if it was due.
   * @throws Refusal for a symbol the exchange does not have, RangeError for rules it cannot have.
   */
  async add(request: FaultRequest): Promise<FaultView> {
    this.exchange.check(request);
    const fault = this.plan.add(request);
    await this.sweep();
    return fault.view();
  }

  list(): readonly FaultView[] {
    return this.plan.list();
  }

  clear(): void {
    this.plan.clear();
  }

  /** @returns false when no such fault is planned. */
  remove(id: string): boolean {
    return this.plan.remove(id);
  }

  /** Every strike of the session, oldest first; of very many the newest. */
  strikes(): readonly FaultStrike[] {
    return this.log.entries();
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** One sweep at a time, so that no target is struck twice. */
  private sweep(): Promise<void> {
    this.sweeping = this.sweeping
      .catch(() => undefined)
      .then(() => {
        this.streams.sweep();
        return this.exchange.sweep();
      });
    return this.sweeping;
  }
}
