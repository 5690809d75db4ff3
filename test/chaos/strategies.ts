/**
 * Strategies that enter and leave all the time: the coded ones with parameters that make them restless. Among them are
 * stops that are hit soon, stops that follow the market, and positions that are given up after a few bars. Two of them decide on the fast lane.
 */
export const STRATEGIES = [
  {
    name: 'swift',
    lane: 'fast',
    strategy: 'rsi',
    symbols: ['BTC/USDT', 'ETH/USDT', 'SOL/USDT'],
    timeframe: '1m',
    parameters: { period: 2, oversold: 50, overbought: 75 },
    maxHoldingBars: 4,
    entryTtlBars: 5,
  },
  {
    name: 'tight',
    strategy: 'rsi',
    symbols: ['SOL/USDT', 'XRP/USDT', 'BNB/USDT'],
    timeframe: '1m',
    parameters: { period: 2, oversold: 55, overbought: 95, atrPeriod: 2, stopAtr: 0.5 },
    maxHoldingBars: 10,
    entryTtlBars: 5,
  },
  {
    name: 'trailing',
    lane: 'fast',
    strategy: 'ema-cross',
    symbols: ['BTC/USDT', 'XRP/USDT', 'BNB/USDT'],
    timeframe: '1m',
    parameters: { fast: 2, slow: 3, minAdx: null, atrPeriod: 5, stopAtr: 2, trailAtr: 0.5 },
    maxHoldingBars: 12,
    entryTtlBars: 5,
  },
  {
    name: 'patient',
    strategy: 'ema-cross',
    symbols: ['ETH/USDT', 'BNB/USDT', 'BTC/USDT'],
    timeframe: '1m',
    parameters: { fast: 2, slow: 4, minAdx: null, trailAtr: null },
    maxHoldingBars: 8,
    entryTtlBars: 3,
  },
] as const;

/** Room for all of them at once, in small positions, so that neither limits nor fees end the run. */
export const RISK = {
  BALLAST__risk__maxOpenPositions: '20',
  BALLAST__risk__maxPositionFraction: '0.03',
  BALLAST__risk__maxExposureFraction: '0.9',
} as const;
