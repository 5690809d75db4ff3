import type { OrderReport } from '../../adapters/exchange/port';
import {
  add,
  decimal,
  divide,
  isPositive,
  lessThan,
  maximum,
  multiply,
  ONE,
  subtract,
  type DecimalString,
} from '../../domain/decimal';
import { Timeframe } from '../../domain/bar';
import { clientOrderId, positionId as positionIdOf } from '../../domain/ids';
import { roundLongStop, type Instrument } from '../../domain/instrument';
import { Leg, OrderType } from '../../domain/order';
import type { PositionView } from '../../domain/position';
import { DeedKind } from '../../domain/findings';
import { lineageOf, type StrategyPace } from '../../domain/reconciliation';
import type { FoundPosition } from '../../adapters/store/found';
import type { ActivityDeps } from '../deps';
import type { Findings } from './findings';

/** Whose orders are compared. */
export interface Owner {
  readonly account: string;
  readonly session: string;
}

interface Recovery {
  readonly deps: Pick<ActivityDeps, 'deployment' | 'store' | 'desk' | 'exchange'>;
  readonly owner: Owner;
  readonly findings: Findings;
}

/** The target of a grant is nowhere at the exchange. Twice the risk is what the default limits ask of a proposal. */
const TARGET_REWARD_TO_RISK = decimal('2');
/** A position that is sold at once has no use for a stop, but a place for one. */
const NOMINAL_STOP_FRACTION = decimal('0.5');
/** Stops that a position may have had; each fill and each trailing step replaces one. */
const STOPS_LOOKED_AT = 256;

/**
 * Takes back a position whose grant the journal has lost, when its entry's id is that of a decision of a known strategy and
 * its stop is known. It is managed on under its old name.
 * @returns false when that cannot be proven
 */
export async function recoverLost(
  { deps, owner, findings, strategies }: Recovery & { readonly strategies: readonly StrategyPace[] },
  entry: OrderReport,
  reports: readonly OrderReport[],
): Promise<boolean> {
  const { deployment } = deps;
  const lineage = lineageOf(entry, { ...owner, deployment }, strategies);
  if (lineage === undefined || entry.type === undefined) return false;
  const stopPrice = highestStop(deployment, owner, lineage.positionId, reports);
  const price = priceOf(entry);
  if (stopPrice === undefined || !lessThan(stopPrice, price)) return false;
  const instrument = await instrumentOf(deps, entry.symbol);
  const targetPrice = add(price, multiply(TARGET_REWARD_TO_RISK, subtract(price, stopPrice)));
  const { positionId, name: strategy, timeframe, barCloseMs } = lineage;
  const identity = { positionId, strategy, timeframe, barCloseMs };
  await journal({ deps, owner, findings }, { ...identity, instrument, price, stopPrice, targetPrice }, entry);
  return true;
}

/** The highest price at which a stop of this position rests or has rested. */
function highestStop(
  deployment: string,
  { account, session }: Owner,
  positionId: string,
  reports: readonly OrderReport[],
): DecimalString | undefined {
  const ids = new Set(
    Array.from({ length: STOPS_LOOKED_AT }, (_, sequence) =>
      clientOrderId({ deployment, account, session, positionId, leg: Leg.Stop, sequence }),
    ),
  );
  const prices = reports
    .filter((report) => ids.has(report.clientOrderId))
    .flatMap(({ stopPrice }) => stopPrice ?? []);
  return prices.length === 0 ? undefined : prices.reduce(maximum);
}

/** How positions are named that stray purchases became. */
const STRAY = 'stray-';

export const isTakenIn = ({ strategy }: Pick<PositionView, 'strategy'>): boolean =>
  strategy.startsWith(STRAY);

/** Journals a stray purchase as a position of its own, which is to be sold. */
export async function takeInBuy(recovery: Recovery, buy: OrderReport): Promise<void> {
  const { deps, owner } = recovery;
  const { symbol, marketTimeMs: barCloseMs, exchangeOrderId } = buy;
  const instrument = await instrumentOf(deps, symbol);
  const price = priceOf(buy);
  const strategy = `${STRAY}${exchangeOrderId}`;
  // Its time may change at the exchange; its number does not, and is name enough.
  const positionId = positionIdOf({ ...owner, strategy, symbol, barCloseMs: 0 });
  const identity = { positionId, strategy, timeframe: Timeframe.M1, barCloseMs };
  const stopPrice = nominalStop(instrument, price);
  await journal(recovery, { ...identity, instrument, price, stopPrice, targetPrice: price }, buy);
}

async function journal(
  { deps, owner, findings }: Recovery,
  position: Omit<FoundPosition, 'account' | 'entry' | 'grantedAtMs' | 'expiresAtMs'>,
  report: OrderReport,
): Promise<void> {
  const { marketTimeMs: atMs, clientOrderId: id, exchangeOrderId, quantity, limitPrice = null } = report;
  const type = report.type ?? OrderType.Market;
  await deps.store.recoverPosition({
    ...position,
    account: owner.account,
    entry: { clientOrderId: id, exchangeOrderId, type, quantity, limitPrice, stopPrice: null },
    ...{ grantedAtMs: atMs, expiresAtMs: atMs },
  });
  await deps.desk.news.learn(report, 'reconciliation');
  const message = `the purchase ${id} of ${report.filledQuantity} on ${report.symbol} is taken in as ${position.positionId}`;
  findings.did(DeedKind.PositionRecovered, position.positionId, message);
}

async function instrumentOf({ exchange }: Recovery['deps'], symbol: string): Promise<Instrument> {
  const [instrument] = await exchange.instruments([symbol]);
  if (instrument === undefined) throw new Error(`${exchange.venue} does not list ${symbol}.`);
  return instrument;
}

/** What a unit cost at most. */
function priceOf({ limitPrice, filledQuote, filledQuantity }: OrderReport): DecimalString {
  if (limitPrice !== undefined && limitPrice !== null) return limitPrice;
  if (filledQuote === undefined || !isPositive(filledQuantity)) return ONE;
  return divide(filledQuote, filledQuantity, 8);
}

const nominalStop = (instrument: Instrument, price: DecimalString): DecimalString =>
  roundLongStop(instrument, multiply(price, NOMINAL_STOP_FRACTION));
