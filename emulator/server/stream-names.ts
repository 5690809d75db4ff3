import { isInterval, type Interval } from '../intervals';

/** What a market stream carries. */
export type Topic =
  | { readonly kind: 'trade' | 'aggTrade' | 'miniTicker' | 'ticker' | 'bookTicker' }
  | { readonly kind: 'depth'; readonly everyMs: 100 | 1000 }
  | { readonly kind: 'partialDepth'; readonly levels: number; readonly everyMs: 100 | 1000 }
  | { readonly kind: 'kline'; readonly interval: Interval };

export interface StreamName {
  readonly name: string;
  /** Undefined for the streams of all symbols, `!miniTicker@arr` and `!ticker@arr`. */
  readonly symbol: string | undefined;
  readonly topic: Topic;
}

/** Parses Binance's stream names. @returns undefined for a name that is none. */
export function parseStreamName(name: string): StreamName | undefined {
  if (name === '!miniTicker@arr') return { name, symbol: undefined, topic: { kind: 'miniTicker' } };
  if (name === '!ticker@arr') return { name, symbol: undefined, topic: { kind: 'ticker' } };
  const [lower, topicName, speed, ...rest] = name.split('@');
  if (lower === undefined || topicName === undefined || rest.length > 0) return undefined;
  const topic = parseTopic(topicName, speed);
  return topic && { name, symbol: lower.toUpperCase(), topic };
}

function parseTopic(name: string, speed: string | undefined): Topic | undefined {
  const everyMs = speed === '100ms' ? 100 : 1000;
  if (name === 'depth') return { kind: 'depth', everyMs };
  const levels = /^depth(5|10|20)$/.exec(name)?.[1];
  if (levels !== undefined) return { kind: 'partialDepth', levels: Number(levels), everyMs };
  if (speed !== undefined) return undefined;
  if (
    name === 'trade' ||
    name === 'aggTrade' ||
    name === 'miniTicker' ||
    name === 'ticker' ||
    name === 'bookTicker'
  ) {
    return { kind: name };
  }
  const interval = name.startsWith('kline_') ? name.slice('kline_'.length) : '';
  return isInterval(interval) ? { kind: 'kline', interval } : undefined;
}
