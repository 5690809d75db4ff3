import { randomUUID } from 'node:crypto';
import { RandomStream } from '../../../domain/random';
import type { FaultLog } from './log';
import type { FaultKind, FaultOf, FaultRequest } from './request';

/** What a strike was about, for the log. */
export interface Occasion {
  readonly endpoint: string;
  readonly clientOrderId?: string;
}

/** `GET /emulator/faults`: a planned fault with the strikes it has left and those it has made. */
export type FaultView = FaultRequest & {
  readonly id: string;
  readonly left: number | 'always';
  readonly struck: number;
};

interface Clocks {
  readonly wallMs: () => number;
  readonly marketMs: () => number;
}

/** The faults that are planned, in the order they were planned: the first that is due strikes. */
export class FaultPlan {
  private faults: PlannedFault[] = [];

  constructor(
    private readonly log: FaultLog,
    private readonly clocks: Clocks,
  ) {}

  add(request: FaultRequest): PlannedFault {
    const fault = new PlannedFault(request);
    this.faults.push(fault);
    return fault;
  }

  /** Faults that have strikes left. */
  list(): readonly FaultView[] {
    this.faults = this.faults.filter((fault) => !this.isOver(fault));
    return this.faults.map((fault) => fault.view());
  }

  clear(): void {
    this.faults = [];
  }

  /** @returns false when no such fault is planned. */
  remove(id: string): boolean {
    const others = this.faults.filter((fault) => fault.id !== id);
    const found = others.length < this.faults.length;
    this.faults = others;
    return found;
  }

  /** Could a fault of these kinds still strike, now or later? */
  has(kinds: readonly FaultKind[]): boolean {
    return this.faults.some((fault) => kinds.includes(fault.request.kind));
  }

  /** The faults of these kinds whose window is open, in order. */
  due<K extends FaultKind>(kinds: readonly K[]): readonly PlannedFault<FaultOf<K>>[] {
    if (this.faults.length === 0) return [];
    this.faults = this.faults.filter((fault) => !this.isOver(fault));
    return this.faults.filter(
      (fault): fault is PlannedFault<FaultOf<K>> => isOneOf(fault.request, kinds) && this.isOpen(fault),
    );
  }

  /**
   * Lets the first fault of these kinds that is due, applies, and wins its draw strike.
   * @param target what a fault may strike only once: an order, a connection.
   */
  strike<K extends FaultKind>(
    kinds: readonly K[],
    occasion: Occasion,
    applies: (request: FaultOf<K>) => boolean,
    target?: unknown,
  ): FaultOf<K> | undefined {
    const fault = this.due(kinds).find((candidate) => applies(candidate.request) && candidate.wins(target));
    if (fault === undefined) return undefined;
    this.record(fault, occasion);
    return fault.request;
  }

  /** Counts a strike and writes it down. */
  record(fault: PlannedFault, { endpoint, clientOrderId }: Occasion): void {
    fault.count();
    this.log.add({
      wallTimeMs: this.clocks.wallMs(),
      marketTimeMs: this.clocks.marketMs(),
      faultId: fault.id,
      kind: fault.request.kind,
      endpoint,
      clientOrderId: clientOrderId ?? null,
    });
    if (fault.isSpent()) this.remove(fault.id);
  }

  private nowMs({ request }: PlannedFault): number {
    return request.window.clock === 'market' ? this.clocks.marketMs() : this.clocks.wallMs();
  }

  private isOpen(fault: PlannedFault): boolean {
    return this.nowMs(fault) >= (fault.request.window.fromMs ?? -Infinity);
  }

  private isOver(fault: PlannedFault): boolean {
    return this.nowMs(fault) >= (fault.request.window.untilMs ?? Infinity);
  }
}

/** One fault with its luck and its tally. */
export class PlannedFault<R extends FaultRequest = FaultRequest> {
  readonly id = randomUUID();
  private readonly random: RandomStream;
  private readonly met = new Set<unknown>();
  private readonly hit = new Set<unknown>();
  private occasions = 0;
  struck = 0;

  constructor(readonly request: R) {
    this.random = new RandomStream(request.seed);
  }

  /** Draws for one occasion; each target, where there is one, is drawn for once. */
  wins(target?: unknown): boolean {
    if (target !== undefined) {
      if (this.met.has(target)) return false;
      this.met.add(target);
    }
    this.occasions += 1;
    if (this.occasions <= this.request.skip) return false;
    const won = this.request.probability === 1 || this.random.uniform() < this.request.probability;
    if (won && target !== undefined) this.hit.add(target);
    return won;
  }

  /** Has it won the draw for this target? */
  hasHit(target: unknown): boolean {
    return this.hit.has(target);
  }

  count(): void {
    this.struck += 1;
  }

  isSpent(): boolean {
    return this.request.times !== 'always' && this.struck >= this.request.times;
  }

  view(): FaultView {
    const { times } = this.request;
    const left = times === 'always' ? times : times - this.struck;
    return { ...this.request, id: this.id, left, struck: this.struck };
  }
}

function isOneOf<K extends FaultKind>(request: FaultRequest, kinds: readonly K[]): request is FaultOf<K> {
  return kinds.some((kind) => kind === request.kind);
}
