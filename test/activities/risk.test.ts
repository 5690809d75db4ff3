import { createReconciliationActivities } from '../../activities/reconciliation';
import { createRiskActivities } from '../../activities/risk';
import { riskLimitsSchema, TradingMode } from '../../domain/risk';
import { triggerLimitsSchema } from '../../domain/triggers';
import { BTC, d } from '../domain/fixtures';
import { ACCOUNT, createBench, type Bench } from './bench';

const LIMITS = riskLimitsSchema.parse({});
const DEFAULTS = triggerLimitsSchema.parse({});
const DAY_MS = 86_400_000;

describe('the risk desk', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = createBench();
    const reconciliation = createReconciliationActivities(bench.deps);
    await reconciliation.reconcileAccount({ account: ACCOUNT, symbols: [BTC.symbol] });
  });

  const assess = (cash: string, triggers = DEFAULTS) => {
    bench.exchange.foreign = { ...bench.exchange.foreign, quote: d(cash) };
    return createRiskActivities(bench.deps).assessAccount({
      account: ACCOUNT,
      symbols: [BTC.symbol],
      limits: LIMITS,
      triggers,
    });
  };

  it('reduces after a daily loss, and does not trade again for a small recovery on the same day', async () => {
    const noAlarm = { ...DEFAULTS, dailyLossAlarmFraction: null };
    expect(await assess('10000', noAlarm)).toMatchObject({ mode: TradingMode.Active });
    expect(await assess('9490', noAlarm)).toMatchObject({ mode: TradingMode.Reducing, emergency: null });
    expect(await assess('9510', noAlarm)).toMatchObject({ mode: TradingMode.Reducing });
    bench.time.nowMs += DAY_MS;
    expect(await assess('9510', noAlarm)).toMatchObject({ mode: TradingMode.Active });
  });

  it('halts at nine tenths of the daily loss, with an event that says why', async () => {
    await assess('10000');
    expect(await assess('9551')).toMatchObject({ mode: TradingMode.Active, emergency: null });
    expect(await assess('9550')).toMatchObject({
      mode: TradingMode.Halted,
      modeReason: expect.stringMatching(/^daily-loss-alarm: Equity 9550 /) as unknown,
      stopUnreported: true,
    });
    expect(bench.store.riskEvents).toMatchObject([{ code: 'daily-loss-alarm' }]);
    // Another look at a halted account finds nothing new.
    expect(await assess('9000')).toMatchObject({ mode: TradingMode.Halted, emergency: null });
    expect(bench.store.riskEvents).toHaveLength(1);
  });

  it('halts at the drawdown limit, and no more once an operator has resumed', async () => {
    await assess('10000');
    const { emergency } = await assess('8000');
    expect(emergency).toContain('drawdown');
    const risk = createRiskActivities(bench.deps);
    expect(await risk.resumeTrading({ account: ACCOUNT, reason: 'understood', by: 'operator' })).toBe(
      TradingMode.Active,
    );
    expect(await assess('8000')).toMatchObject({ mode: TradingMode.Active, emergency: null });
  });

  it('marks nothing in a session that no reconciliation has entered', async () => {
    bench.exchange.session = 's2';
    await expect(assess('10000')).rejects.toThrow('is not in session s2 yet');
  });
});
