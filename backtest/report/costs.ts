import { thousands } from '../../domain/display';
import type { BacktestRules } from '../rules';

/** What trading costs in a backtest, and how its orders fill. */
export interface FillTerms {
  readonly rules: BacktestRules;
  /** As fractions of each trade. */
  readonly fees: { readonly maker: string; readonly taker: string };
}

/** One sentence each on what a trade costs and on how orders become trades, for whoever reads the numbers that come of it. */
export function costNotes({ rules, fees }: FillTerms): readonly string[] {
  const costs = [feeText(fees), spreadText(rules), slippageText(rules), latencyText(rules)].join(', ');
  return [`Costs: ${costs}.`, `Fills: ${[...fillTexts(rules)].join(', ')}.`];
}

const feeText = ({ maker, taker }: FillTerms['fees']): string =>
  Number(maker) === Number(taker)
    ? `fee ${share(Number(taker))}`
    : `fee ${share(Number(taker))} (maker ${share(Number(maker))})`;

const spreadText = ({ spreadFraction, slippage }: BacktestRules): string => {
  if (spreadFraction > 0) return `spread ${share(spreadFraction)}`;
  return slippage.kind === 'book' ? 'spread of the recorded book' : 'no spread';
};

function slippageText({ slippage }: BacktestRules): string {
  switch (slippage.kind) {
    case 'none':
      return 'no slippage';
    case 'fixed':
      return slippage.fraction === 0 ? 'no slippage' : `slippage ${share(slippage.fraction)}`;
    case 'volume-share':
      return `slippage by the share of the volume (impact ${slippage.impact})`;
    case 'book':
      return 'slippage of the recorded book';
  }
}

function latencyText({ latencyMs, latencyBars }: BacktestRules): string {
  const bars = `${latencyBars} ${latencyBars === 1 ? 'bar' : 'bars'}`;
  const parts = [
    ...(latencyMs > 0 ? [`${thousands(latencyMs, 0)} ms, to the next open after it`] : []),
    ...(latencyBars > 0 ? [bars] : []),
  ];
  return parts.length === 0 ? 'no latency' : `latency ${parts.join(' and ')}`;
}

function* fillTexts({ entry, targets, firstOfBoth, participation, sizing }: BacktestRules) {
  if (entry.kind === 'market') yield 'entries at the next open';
  else yield `entries at their limit for ${entry.ttlBars} ${entry.ttlBars === 1 ? 'bar' : 'bars'}`;
  yield targets === 'intrabar'
    ? 'targets rest and fill when they are touched'
    : 'targets are looked at when a bar closes and sold at the next open';
  yield `a bar that reaches both counts as the ${firstOfBoth}`;
  if (participation !== null) yield `at most ${share(participation)} of the volume of a bar`;
  yield sizing.kind === 'risk'
    ? "sized by live trading's risk limits"
    : `sized at ${share(sizing.fraction)} of the cash${sizing.limits == null ? '' : ' within the limits of the account'}`;
}

/** `0.1 %` of a fraction, with as many digits as it has. */
const share = (fraction: number): string => `${Number((fraction * 100).toPrecision(6))} %`;
