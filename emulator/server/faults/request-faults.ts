import { setTimeout as sleep } from 'node:timers/promises';
import { DEMONSTRATION_PREFIX } from '../../../domain/news/demonstration';
import type { ApiError } from '../errors';
import { codedAnswer, GARBAGE_PAGE, MAINTENANCE_ANSWER, rateLimitAnswer } from './answers';
import type { FaultPlan, Occasion } from './plan';
import { coversEndpoint, Phase, type FaultOf } from './request';

/** What is sent for a request. A body that is text is sent as it is. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** What becomes of a request: a reply, a broken connection, or silence. */
export type Outcome =
  { readonly kind: 'reply'; readonly reply: Reply } | { readonly kind: 'reset' } | { readonly kind: 'hang' };

type Action = Outcome | { readonly kind: 'delay'; readonly delayMs: number };

/** When each kind strikes; `chosen` leaves it to the fault. */
const PHASES = {
  'reset-before': Phase.Before,
  'reset-after': Phase.After,
  'hang-before': Phase.Before,
  'hang-after': Phase.After,
  status: 'chosen',
  garbage: 'chosen',
  empty: 'chosen',
  code: 'chosen',
  'rate-limit': Phase.Before,
  delay: 'chosen',
  maintenance: Phase.Before,
} as const;
type Kind = keyof typeof PHASES;
const KINDS = Object.keys(PHASES) as readonly Kind[];

function actionOf(fault: FaultOf<Kind>, nowMs: number): Action {
  switch (fault.kind) {
    case 'reset-before':
    case 'reset-after':
      return { kind: 'reset' };
    case 'hang-before':
    case 'hang-after':
      return { kind: 'hang' };
    case 'status':
      return reply({ status: fault.status, headers: fault.headers, body: fault.body });
    case 'garbage':
      return reply({ status: fault.status, headers: {}, body: GARBAGE_PAGE });
    case 'empty':
      return reply({ status: fault.status, headers: {}, body: '' });
    case 'code':
      return reply(replyOfError(codedAnswer(fault.code, fault.retryAfterS, fault.message)));
    case 'rate-limit':
      return reply(replyOfError(rateLimitAnswer(fault.status, fault.retryAfterS, nowMs)));
    case 'delay':
      return { kind: 'delay', delayMs: fault.delayMs };
    case 'maintenance':
      return reply(MAINTENANCE_ANSWER);
  }
}

const reply = (answer: Reply): Outcome => ({ kind: 'reply', reply: answer });

/** Where the exchange tells that it is being maintained, and so the one endpoint that works meanwhile. */
const SYSTEM_STATUS = 'GET /sapi/v1/system/status';

const FEEDS = ` ${DEMONSTRATION_PREFIX}`;

/** An error as it is sent. */
export function replyOfError(error: ApiError): Reply {
  return { status: error.status, headers: error.extra.headers ?? {}, body: error.body() };
}

/** Faults of requests, whichever way they come in. */
export class RequestFaults {
  constructor(
    private readonly plan: FaultPlan,
    private readonly wallMs: () => number,
  ) {}

  /** Carries a request out, or not, with what planned faults make of it. */
  async run(occasion: Occasion, act: () => Promise<Reply>): Promise<Outcome> {
    const before = await this.strike(Phase.Before, occasion);
    if (before !== undefined) return before;
    const answer = await act();
    return (await this.strike(Phase.After, occasion)) ?? { kind: 'reply', reply: answer };
  }

  private async strike(phase: Phase, occasion: Occasion): Promise<Outcome | undefined> {
    const fault = this.plan.strike(KINDS, occasion, (request) => isDue(request, phase, occasion.endpoint));
    if (fault === undefined) return undefined;
    const action = actionOf(fault, this.wallMs());
    if (action.kind !== 'delay') return action;
    await sleep(action.delayMs);
    return undefined;
  }
}

function isDue(request: FaultOf<Kind>, phase: Phase, endpoint: string): boolean {
  const due = 'phase' in request ? request.phase : PHASES[request.kind];
  if (due !== phase) return false;
  // Feeds are no part of the exchange: what is to strike it goes past them, unless it names them.
  if (endpoint.includes(FEEDS))
    return (
      request.kind !== 'maintenance' &&
      request.match.includes(FEEDS) &&
      coversEndpoint(request.match, endpoint)
    );
  return request.kind === 'maintenance'
    ? endpoint !== SYSTEM_STATUS
    : coversEndpoint(request.match, endpoint);
}
