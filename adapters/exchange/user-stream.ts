import { userStreamUrl, type CcxtBinance } from './ccxt-client';
import { createEventStreams, type OpenEventStream } from './event-stream';

export interface UserStreamDeps {
  readonly client: CcxtBinance;
  readonly staleAfterMs: number;
  readonly requestTimeoutMs: number;
}

/** Makes the opener of user streams: connections that tell the account's news, raw and in order. */
export function createUserStreams(deps: UserStreamDeps): OpenEventStream {
  const { client } = deps;
  return createEventStreams({
    ...deps,
    url: userStreamUrl(client),
    subscription: (id) => ({
      id,
      method: 'userDataStream.subscribe.signature',
      params: client.signParams({}),
    }),
    eventOf: userEvent,
  });
}

/** Account news comes wrapped as `{ subscriptionId, event }`; everything else is an answer to a request. */
function userEvent(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'event' in message ? message.event : undefined;
}
