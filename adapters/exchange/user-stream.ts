import { userStreamUrl } from './ccxt-client';
import { createEventStreams, type OpenEventStream, type StreamDeps } from './event-stream';

/** Makes the opener of user streams: connections that tell the account's news, raw and in order. */
export function createUserStreams(deps: StreamDeps): OpenEventStream {
  const { client } = deps;
  return createEventStreams({
    ...deps,
    urlOf: () => userStreamUrl(client),
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
