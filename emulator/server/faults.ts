import { randomUUID } from 'node:crypto';
import { z } from 'zod';

/** What goes wrong with a request. "Before" is before the exchange has accepted anything, "after" once it has. */
export const FaultKind = {
  ResetBefore: 'reset-before',
  ResetAfter: 'reset-after',
  HangAfter: 'hang-after',
  Status: 'status',
  Delay: 'delay',
} as const;
export type FaultKind = (typeof FaultKind)[keyof typeof FaultKind];

/**
 * A fault to plan. `match` is `METHOD path` (`POST /api/v3/order`) or `*`; it strikes `times` times, the oldest
 * matching fault first.
 */
export const faultRequest = z.object({
  match: z.string().min(1),
  kind: z.enum(FaultKind),
  times: z.int().positive().default(1),
  /** For `status`: the answer given instead of accepting the request. A body that is not text is sent as JSON. */
  status: z.int().min(200).max(599).default(503),
  body: z.unknown().default(''),
  headers: z.record(z.string(), z.string()).default({}),
  /** For `delay`: wall milliseconds before the request is accepted. */
  delayMs: z.int().nonnegative().default(1000),
});

export interface Fault extends z.infer<typeof faultRequest> {
  readonly id: string;
}

/** What the server is to do to the connection. */
export type FaultAction =
  | { readonly kind: 'reset' }
  | { readonly kind: 'hang' }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: unknown;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'delay'; readonly delayMs: number };

/** The hook: the server asks once before it accepts a request and once after, by `METHOD path`. */
export interface FaultPlan {
  before(key: string): FaultAction | undefined;
  after(key: string): FaultAction | undefined;
}

interface Behaviour {
  readonly phase: 'before' | 'after';
  action(fault: Fault): FaultAction;
}

const BEHAVIOURS: Readonly<Record<FaultKind, Behaviour>> = {
  'reset-before': { phase: 'before', action: () => ({ kind: 'reset' }) },
  'reset-after': { phase: 'after', action: () => ({ kind: 'reset' }) },
  'hang-after': { phase: 'after', action: () => ({ kind: 'hang' }) },
  status: {
    phase: 'before',
    action: ({ status, body, headers }) => ({ kind: 'answer', status, body, headers }),
  },
  delay: { phase: 'before', action: ({ delayMs }) => ({ kind: 'delay', delayMs }) },
};

/** Faults that tests plan through `/emulator/faults`. */
export class PlannedFaults implements FaultPlan {
  private faults: Fault[] = [];

  plan(fault: z.infer<typeof faultRequest>): Fault {
    const planned: Fault = { ...fault, id: randomUUID() };
    this.faults.push(planned);
    return planned;
  }

  /** Faults that have strikes left. */
  list(): readonly Fault[] {
    return this.faults;
  }

  clear(): void {
    this.faults = [];
  }

  before(key: string): FaultAction | undefined {
    return this.strike('before', key);
  }

  after(key: string): FaultAction | undefined {
    return this.strike('after', key);
  }

  private strike(phase: Behaviour['phase'], key: string): FaultAction | undefined {
    const fault = this.faults.find(
      (candidate) =>
        BEHAVIOURS[candidate.kind].phase === phase && (candidate.match === key || candidate.match === '*'),
    );
    if (fault === undefined) return undefined;
    fault.times -= 1;
    this.faults = this.faults.filter((candidate) => candidate.times > 0);
    return BEHAVIOURS[fault.kind].action(fault);
  }
}
