import { marketStreamUrl } from './ccxt-client';
import { createEventStreams, type OpenEventStream, type StreamDeps } from './event-stream';

/** Makes the opener of market streams: connections that tell the market's news, raw and in order, each on a websocket of its own. */
export function createMarketStreams(deps: StreamDeps): OpenEventStream {
  return createEventStreams({
    ...deps,
    urlOf: (connection) => marketStreamUrl(deps.client, connection),
    subscription: (id, topics) => ({ id: Number(id), method: 'SUBSCRIBE', params: topics }),
    eventOf: (message) => (isMarketEvent(message) ? message : undefined),
  });
}

/** The name of a stream: `topicOf('BTCUSDT', 'kline_1m')`. */
export const topicOf = (id: string, name: string): string => `${id.toLowerCase()}@${name}`;

/** Market news comes bare and says of what kind it is; everything else is an answer to a request. */
export const isMarketEvent = (message: unknown): message is { readonly e: unknown } =>
  typeof message === 'object' && message !== null && 'e' in message;
