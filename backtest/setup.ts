import { timeframeMs } from '../domain/bar';
import { UserError } from '../domain/errors';
import { holdingLimit } from '../domain/management';
import {
  createIndicatorCache,
  firstDecision,
  seriesColumns,
  type BarNeed,
  type BarsOf,
  type BarSource,
  type Compute,
} from '../domain/strategy-columns';
import { refuseUntestable } from '../domain/strategies/can-run';
import { MovingView } from '../domain/strategy-view';
import type { Account } from './account';
import type { BacktestInput, StrategyRun } from './backtest';
import { EntryLimits } from './account-limits';
import { accountAtClose, type LaneCounsel } from './counsel';
import { Desk } from './desk';
import { createExecution } from './execution';
import { FinerBars } from './finer-bars';
import { Funding } from './funding';
import { Holding } from './holding';
import { refuseSeen } from './in-sample';
import { ratioOf } from './integers';
import { Lane } from './lane';
import { firstAtOrAfter, type MarketData } from './market';
import { barsOfMarkets, findMarket } from './market-bars';
import { observationsOf } from './observed';
import { RiskMarks } from './risk-marks';
import { riskSizing, type AtStake } from './risk-sizing';
import type { BacktestRules } from './rules';
import { Scale } from './scale';
import { cashFraction, type EntrySizing } from './sizing';
import type { Tally, Tape } from './tape';

/** @throws UserError for input that does not fit together */
export function checkInput(input: BacktestInput): void {
  const { markets, runs, rules, counsel } = input;
  const names = runs.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new UserError(`Two strategies are called "${twice}".`, 'Give each a name of its own.');
  if (rules.entry.kind === 'limit' && rules.sizing.kind !== 'risk')
    throw new UserError('An entry by limit needs sizing by risk, which sets the limit.');
  if (counsel !== undefined && rules.sizing.kind !== 'risk')
    throw new UserError(
      'Whoever is asked about entries can make them smaller than risk allows, so they have to be sized by risk.',
      'Leave out --fraction, and sizing in the rules.',
    );
  const [first] = markets;
  for (const { instrument, perpetual, bars } of markets) {
    if (instrument.quote !== first?.instrument.quote)
      throw new UserError(
        `${instrument.symbol} is not traded in ${first?.instrument.quote ?? ''}; one account holds one quote currency.`,
      );
    if (bars.length === 0) throw new UserError(`There are no bars of ${instrument.symbol}.`);
    if (perpetual !== undefined && rules.sizing.kind === 'risk')
      throw new UserError(
        `${instrument.symbol} is a perpetual future; the limits of live trading are those of spot.`,
        'Size by a fraction of cash.',
      );
  }
  refuseSeen(input);
}

/** Puts together what each strategy needs on each of its symbols. */
export class LaneBuilder {
  readonly tally: Tally = { ambiguousBars: 0, refusals: {} };
  readonly marks: RiskMarks | null;
  private readonly sizing: EntrySizing;
  private readonly compute: Compute;
  private readonly barsOf: BarsOf;
  private readonly holdings: { readonly holding: Holding; readonly desk: Desk; readonly symbol: string }[] =
    [];

  constructor(
    private readonly input: BacktestInput,
    private readonly account: Account,
  ) {
    this.compute = input.compute ?? createIndicatorCache();
    this.barsOf = barsOfMarkets(input.markets);
    const { marks, sizing } = this.sizingBy(input.rules);
    this.marks = marks;
    this.sizing = sizing;
  }

  /** How entries are sized, and the marks that losses are measured from, where there are limits to them. */
  private sizingBy({ sizing }: BacktestRules): {
    readonly marks: RiskMarks | null;
    readonly sizing: EntrySizing;
  } {
    const { account } = this;
    const marks = new RiskMarks(account);
    const atStake = (): AtStake => this.atStake();
    if (sizing.kind === 'risk')
      return { marks, sizing: riskSizing({ account, marks, limits: sizing.limits, atStake }) };
    const { fraction, limits = null } = sizing;
    if (limits === null) return { marks: null, sizing: cashFraction(account, fraction, null) };
    return { marks, sizing: cashFraction(account, fraction, new EntryLimits({ marks, limits, atStake })) };
  }

  /** @throws UserError when there is no such market, one that the strategy looks at is missing, or it cannot be tested */
  build({ name, strategy, maxHoldingBars, timeframe }: StrategyRun, symbol: string): Lane {
    refuseUntestable(strategy);
    const { rules } = this.input;
    const market = findMarket(this.input.markets, symbol, timeframe);
    const own: BarSource = { symbol, timeframe: market.timeframe };
    const columns = seriesColumns(
      strategy.indicators,
      own,
      this.barsOf,
      this.compute,
      observationsOf(this.input.observations),
    );
    const holdingBars = holdingLimit(maxHoldingBars, strategy.maxHoldingBars);
    const scale = new Scale(market.instrument);
    const holding = new Holding(this.account, name, scale, market.perpetual ?? null);
    const barMs = timeframeMs(market.timeframe);
    const tape = this.tape(market, scale);
    const desk = new Desk(
      {
        ...{ rules, account: this.account, scale, holding, sizing: this.sizing },
        liquidationFee: ratioOf(String(market.perpetual?.liquidationFeeFraction ?? 0)),
        tally: this.tally,
      },
      holdingBars === null ? Infinity : holdingBars * barMs,
    );
    this.holdings.push({ holding, desk, symbol });
    return new Lane({
      counsel: this.counselFor(name),
      ...{ strategy, market, rules, scale, holding, desk, sizing: this.sizing },
      view: new MovingView(symbol, market.timeframe, market.bars, columns),
      firstDecision: this.firstDecision(strategy.needs(own), market, own),
      tape,
      finer: this.finerBars(market, tape, scale),
      funding: market.funding === undefined ? null : new Funding(market.funding, holding),
    });
  }

  private counselFor(strategy: string): LaneCounsel | null {
    const { counsel } = this.input;
    const { marks, holdings } = this;
    if (counsel === undefined || marks === null) return null;
    return (entry) => counsel({ ...entry, strategy, account: accountAtClose(marks, holdings) });
  }

  private tape(market: MarketData, scale: Scale): Tape {
    const { bars, mark, timeframe } = market;
    const execution = createExecution(market, scale, this.input.rules);
    return { bars, mark: mark ?? bars, execution, barMs: timeframeMs(timeframe) };
  }

  private finerBars(market: MarketData, tape: Tape, scale: Scale): FinerBars | null {
    const { finer } = market;
    if (finer === undefined) return null;
    const { bars, timeframe } = finer;
    const execution = createExecution({ ...market, bars, timeframe }, scale, this.input.rules);
    const mark = market.mark === undefined ? bars : (finer.mark ?? null);
    return new FinerBars(tape, { bars, mark, execution, barMs: timeframeMs(timeframe) });
  }

  /** The first bar that is decided on: everything has warmed up, and trading begins. */
  private firstDecision(needs: readonly BarNeed[], { bars, timeframe }: MarketData, own: BarSource): number {
    const warm = firstDecision(needs, own, this.barsOf);
    const { tradeFromMs = -Infinity } = this.input;
    return Math.max(warm, firstAtOrAfter(bars.openTimeMs, tradeFromMs - timeframeMs(timeframe)));
  }

  private atStake(): AtStake {
    let held = 0;
    let underWay = 0;
    let openPositions = 0;
    for (const { holding, desk } of this.holdings) {
      underWay += desk.underWay;
      if (holding.direction !== 0) held += holding.heldCost;
      if (holding.direction !== 0 || desk.isEntering) openPositions += 1;
    }
    return { held, underWay, openPositions };
  }
}
