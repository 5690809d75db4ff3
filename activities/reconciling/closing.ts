import type { OrderReport } from '../../adapters/exchange/port';
import { lessThan, sum, type DecimalString } from '../../domain/decimal';
import { DeedKind } from '../../domain/findings';
import { Leg, Side } from '../../domain/order';
import { ExitReason, PositionState, type PositionView } from '../../domain/position';
import type { ActivityDeps } from '../deps';
import { matters } from './exchange-record';
import type { Findings } from './findings';
import { isTakenIn, takeInBuy, type Owner } from './recovered-positions';
import { inOrder, partition } from './reports';
import { attributeSale } from './sales';

type Deps = Pick<ActivityDeps, 'deployment' | 'store' | 'desk' | 'exchange' | 'owners'>;

/**
 * Takes into the journal what stray purchases bought, less what was sold of it since, and sells it through the ordinary
 * order path. The wish to sell comes last: until every stray sale is accounted for, what is held is not known. A run that
 * was killed on the way is completed by the next.
 * @returns those that cannot be taken in
 */
export async function closeStrays(
  deps: Deps,
  owner: Owner,
  strays: readonly OrderReport[],
  { sinceMs }: { readonly sinceMs: number },
  findings: Findings,
): Promise<readonly OrderReport[]> {
  const takenIn = async (symbol: string): Promise<readonly PositionView[]> =>
    (await deps.store.recentPositions(owner.account, sinceMs)).filter(
      (position) => position.symbol === symbol && isTakenIn(position),
    );
  const live = (await deps.store.livePositions(owner.account)).filter(isTakenIn);
  const left: OrderReport[] = [];
  for (const symbol of new Set([...strays, ...live].map((each) => each.symbol))) {
    const ofSymbol = inOrder(strays.filter((report) => report.symbol === symbol));
    const [buys, sells] = partition(ofSymbol, ({ side }) => side === Side.Buy);
    const held = (await takenIn(symbol)).map(({ ledger }) => ledger.heldQuantity);
    // More sold than bought: what it sold was something else, and nothing may be concluded from the rest.
    const bought = sum([...held, ...filled(buys)]);
    if (lessThan(bought, sum(filled(sells))) || buys.some(({ type }) => type === undefined)) {
      left.push(...ofSymbol);
      continue;
    }
    for (const buy of buys) await takeInBuy({ deps, owner, findings }, buy);
    const open = await accountFor(deps, sells, () => takenIn(symbol), findings);
    left.push(...open.impossible);
    if (open.impossible.length + open.pending === 0) await sell(deps, await takenIn(symbol));
  }
  return left;
}

const filled = (orders: readonly OrderReport[]): readonly DecimalString[] =>
  orders.map(({ filledQuantity }) => filledQuantity);

/** Ends stray sales that rest, and journals what they and others have sold. */
async function accountFor(
  deps: Deps,
  sells: readonly OrderReport[],
  positions: () => Promise<readonly PositionView[]>,
  findings: Findings,
): Promise<{ readonly impossible: readonly OrderReport[]; readonly pending: number }> {
  const impossible: OrderReport[] = [];
  let pending = 0;
  for (const stray of sells) {
    if (stray.status === 'open') await cancel(deps, stray, findings);
    const ended = (await deps.exchange.lookUp(stray.symbol, stray.clientOrderId)) ?? stray;
    if (!matters(ended)) continue;
    const exit = { leg: Leg.Exit, exitReason: null };
    const outcome = await attributeSale(deps, ended, await positions(), exit, findings);
    if (outcome === 'impossible') impossible.push(ended);
    if (outcome === 'pending') pending += 1;
  }
  return { impossible, pending };
}

async function cancel(
  { exchange }: Deps,
  { symbol, clientOrderId, side }: OrderReport,
  findings: Findings,
): Promise<void> {
  await exchange.cancel(symbol, clientOrderId);
  const message = `the resting ${side} order ${clientOrderId} on ${symbol}, which no position explains, was cancelled`;
  findings.did(DeedKind.StrayCancelled, clientOrderId, message);
}

async function sell({ store, owners }: Deps, positions: readonly PositionView[]): Promise<void> {
  for (const { positionId, state, exitReason } of positions) {
    if (state !== PositionState.Live || exitReason !== null) continue;
    await store.wishExit(positionId, ExitReason.Stray);
    await owners.notifyPosition(positionId);
  }
}
