import type { Timeframe } from './bar';

/** What the prices of candles are made of: trades, or a perpetual's mark or index price. */
export const PriceKind = { Last: 'last', Mark: 'mark', Index: 'index' } as const;
export type PriceKind = (typeof PriceKind)[keyof typeof PriceKind];

/** Which candles: unified symbol (`BTC/USDT`, `BTC/USDT:USDT` for a perpetual) at a venue. */
export interface CandleSeriesKey {
  readonly venue: string;
  readonly symbol: string;
  readonly timeframe: Timeframe;
  readonly price: PriceKind;
}

/** For people: `binance BTC/USDT 1m`, and the kind of price where it is not made of trades. */
export const describeCandles = ({ venue, symbol, timeframe, price }: CandleSeriesKey): string =>
  [venue, symbol, timeframe, ...(price === PriceKind.Last ? [] : [price])].join(' ');
