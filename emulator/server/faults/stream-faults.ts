import type { FaultPlan } from './plan';
import { coversStream } from './request';

export type Channel = 'user' | 'market';

/** What becomes of an event: it is sent, lost, sent twice, or sent behind the next. */
export type Fate = 'send' | 'drop' | 'duplicate' | 'hold';

/** A websocket that faults can strike as a whole. */
export interface StruckConnection {
  readonly channel: Channel;
  terminate(): void;
  hasUserStreams(): boolean;
  /** Ends the user streams subscribed on it, telling the client so. */
  endUserStreams(): void;
}

const FATES = {
  'ws-gap': 'drop',
  'ws-mute': 'drop',
  'ws-duplicate': 'duplicate',
  'ws-reorder': 'hold',
} as const satisfies Readonly<Record<string, Fate>>;
const EVENT_KINDS = ['ws-gap', 'ws-mute', 'ws-duplicate', 'ws-reorder'] as const;

/** Faults of websocket events and connections. */
export class StreamFaults {
  private readonly connections = new Set<StruckConnection>();

  constructor(private readonly plan: FaultPlan) {}

  /** Makes a connection known until the returned function is called. */
  register(connection: StruckConnection): () => void {
    this.connections.add(connection);
    return () => this.connections.delete(connection);
  }

  refuses(channel: Channel): boolean {
    const fault = this.plan.strike(['ws-refuse'], { endpoint: `ws:${channel}` }, ({ match }) =>
      coversStream(match, channel, ''),
    );
    return fault !== undefined;
  }

  /** Is nothing to be sent, pongs and answers included? Written down once for each connection. */
  isStale(connection: StruckConnection): boolean {
    const { channel } = connection;
    const stale = this.plan
      .due(['ws-stale'])
      .filter(({ request }) => coversStream(request.match, channel, ''));
    for (const fault of stale)
      if (fault.wins(connection)) this.plan.record(fault, { endpoint: `ws:${channel}` });
    return stale.some((fault) => fault.hasHit(connection));
  }

  fateOf(channel: Channel, stream: string, event: unknown): Fate {
    const occasion = { endpoint: `ws:${stream}`, clientOrderId: clientOrderIdOf(event) };
    const fault = this.plan.strike(EVENT_KINDS, occasion, ({ match }) =>
      coversStream(match, channel, stream),
    );
    return fault === undefined ? 'send' : FATES[fault.kind];
  }

  /** Cuts connections and ends user streams that planned faults wait for. */
  sweep(): void {
    for (const connection of [...this.connections]) {
      const { channel } = connection;
      const fault = this.plan.strike(
        ['ws-disconnect', 'ws-terminated'],
        { endpoint: `ws:${channel}` },
        ({ kind, match }) =>
          coversStream(match, channel, '') && (kind === 'ws-disconnect' || connection.hasUserStreams()),
        connection,
      );
      if (fault?.kind === 'ws-disconnect') connection.terminate();
      else if (fault !== undefined) connection.endUserStreams();
    }
  }
}

/** The order that an execution report is about. */
function clientOrderIdOf(event: unknown): string | undefined {
  if (typeof event !== 'object' || event === null || !('c' in event) || !('C' in event)) return undefined;
  const { c, C } = event;
  const own = typeof C === 'string' && C !== '' ? C : c;
  return typeof own === 'string' ? own : undefined;
}
