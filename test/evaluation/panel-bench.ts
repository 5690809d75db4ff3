import type { ModelManager } from '../../adapters/llm/manager';
import { panelQuestion } from '../../adapters/llm/panel-question';
import { conductPanel } from '../../domain/deliberation/conduct';
import type { PanelBrief } from '../../domain/deliberation/brief';
import { panelSettings, type PanelSettings } from '../../domain/deliberation/settings';
import type { PanelVerdict } from '../../domain/deliberation/verdict';
import { decimal, type DecimalString } from '../../domain/decimal';
import {
  riskLimitsSchema,
  sizePosition,
  TradingMode,
  type RiskSnapshot,
  type Verdict,
} from '../../domain/risk';
import { instrument } from '../adapters/store/support';

/** A proposal that risk grants. */
export const BRIEF: PanelBrief = {
  ...{ strategy: 'rsi', symbol: 'BTC/USDT', timeframe: '1h', barCloseMs: Date.UTC(2026, 0, 2) },
  proposal: {
    symbol: 'BTC/USDT',
    referencePrice: decimal('50000'),
    stopPrice: decimal('49000'),
    targetPrice: decimal('53000'),
    trailDistance: null,
  },
  reasons: [{ code: 'oversold', text: 'RSI(14) is 24.1' }],
  bars: [],
  trend: { prediction: null, timeframes: [] },
  ...{ mood: null, headlines: [], memories: [] },
  account: {
    ...{ mode: 'ACTIVE', equity: decimal('10000'), drawdownFraction: 0, dailyLossFraction: 0, positions: [] },
  },
};

export const settingsOf = (change: Partial<PanelSettings> = {}): PanelSettings => panelSettings.parse(change);

/** What the live panel says about a brief, asked through a manager. */
export const sit = (
  manager: ModelManager,
  brief: PanelBrief,
  settings: PanelSettings = settingsOf(),
): Promise<PanelVerdict> =>
  conductPanel({
    settings,
    leftMs: () => 30_000,
    speak: async (turn, heard) => {
      const reply = await manager.ask(panelQuestion(turn, settings, brief, heard));
      return reply.answered ? reply.value : null;
    },
  });

const ACTIVE: RiskSnapshot = {
  ...{ equity: decimal('10000'), equityAtDayStart: decimal('10000'), peakEquity: decimal('10000') },
  ...{ freeQuote: decimal('10000'), exposure: decimal('0'), openPositions: 0, mode: TradingMode.Active },
};

/** Accounts that grant the proposal, and such that refuse it for one reason each. */
export const ACCOUNTS: Readonly<Record<string, RiskSnapshot>> = {
  active: ACTIVE,
  halted: { ...ACTIVE, mode: TradingMode.Halted },
  'in drawdown': { ...ACTIVE, peakEquity: decimal('20000') },
  'after a loss today': { ...ACTIVE, equityAtDayStart: decimal('12000') },
  'with too many positions': { ...ACTIVE, openPositions: 5 },
  'without money': { ...ACTIVE, freeQuote: decimal('1') },
};

/** What risk makes of the proposal with a factor of its size; null where the panel wants no entry. */
export const sized = (snapshot: RiskSnapshot, sizeFactor: DecimalString | null): Verdict | null =>
  sizeFactor === null
    ? null
    : sizePosition({
        ...{ proposal: BRIEF.proposal, snapshot, sizeFactor },
        limits: riskLimitsSchema.parse({ minRewardToRisk: 1 }),
        instrument: instrument(),
      });
