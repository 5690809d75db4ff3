import type { RiskLimits } from '../domain/risk';
import { backtestRulesSchema, type BacktestRules } from './rules';

/**
 * The rules by which live trading on spot trades: sized by risk, entered at the limit that it sets, which rests for `ttlBars` bars,
 * targets looked at when a bar closes. What live trading does not choose (spread, slippage, latency) is left at nothing.
 */
export const liveRules = (limits: RiskLimits, ttlBars = 1): BacktestRules =>
  backtestRulesSchema.parse({
    sizing: { kind: 'risk', limits },
    entry: { kind: 'limit', ttlBars },
    targets: 'close',
  });
