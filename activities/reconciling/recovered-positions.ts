import type { OrderReport } from '../../adapters/exchange/port';
import {
  add,
  decimal,
  divide,
  isPositive,
  maximum,
  multiply,
  ONE,
  subtract,
  type DecimalString,
} from '../../domain/decimal';
import { clientOrderId, positionId as positionIdOf } from '../../domain/ids';
import { roundLongStop, type Instrument } from '../../domain/instrument';
import { Leg, OrderType } from '../../domain/order';
import { ExitReason } from '../../domain/position';
import { DeedKind } from '../../domain/findings';
import { lineageOf, type StrategyPace } from '../../domain/reconciliation';
import type { FoundPosition } from '../../adapters/store/port';
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
 * Takes back a position whose grant the journal has lost, when its entry's id is that of a decision of a known strategy. It is
 * managed on under its old name when its stop is known; `close` sells it instead.
 */
export async function recoverLost(
  { deps, owner, findings, strategies }: Recovery & { readonly strategies: readonly StrategyPace[] },
  entry: OrderReport,
  reports: readonly OrderReport[],
  close: boolean,
): Promise<void> {
  const { deployment } = deps;
  const lineage = lineageOf(entry, { ...owner, deployment }, strategies);
  if (lineage === undefined || entry.type === undefined) return;
  const stop = highestStop(deployment, owner, lineage.positionId, reports);
  if (stop === undefined && !close) return;
  const instrument = await instrumentOf(deps, entry.symbol);
  const price = priceOf(entry);
  const stopPrice = stop ?? nominalStop(instrument, price);
  if (!isPositive(subtract(price, stopPrice))) return;
  const targetPrice = add(price, multiply(TARGET_REWARD_TO_RISK, subtract(price, stopPrice)));
  const { positionId, name: strategy, timeframe, barCloseMs } = lineage;
  const exitReason = close ? ExitReason.Stray : null;
  const identity = { positionId, strategy, timeframe, barCloseMs, exitReason };
  await journal({ deps, owner, findings }, { ...identity, instrument, price, stopPrice, targetPrice }, entry);
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

/**
 * Journals a stray purchase as a position of its own that is to be sold at once.
 * @returns its id
 */
export async function takeInBuy(recovery: Recovery, buy: OrderReport): Promise<string> {
  const { deps, owner } = recovery;
  const { symbol, marketTimeMs: barCloseMs, exchangeOrderId } = buy;
  const instrument = await instrumentOf(deps, symbol);
  const price = priceOf(buy);
  const strategy = `stray-${exchangeOrderId}`;
  // Its time may change at the exchange; its number does not, and is name enough.
  const positionId = positionIdOf({ ...owner, strategy, symbol, barCloseMs: 0 });
  const identity = {
    positionId,
    strategy,
    timeframe: '1m',
    barCloseMs,
    exitReason: ExitReason.Stray,
  } as const;
  const stopPrice = nominalStop(instrument, price);
  await journal(recovery, { ...identity, instrument, price, stopPrice, targetPrice: price }, buy);
  return positionId;
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
  await deps.desk.learn(report, 'reconciliation');
  const purpose = position.exitReason === null ? 'goes on' : 'is sold';
  const message = `the purchase ${id} of ${report.filledQuantity} on ${report.symbol} is taken in as ${position.positionId} and ${purpose}`;
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
