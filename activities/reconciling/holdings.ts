import {
  add,
  isPositive,
  isZero,
  lessThan,
  subtract,
  sum,
  ZERO,
  type DecimalString,
} from '../../domain/decimal';
import { OrderState } from '../../domain/order';
import { sellable } from '../../domain/planner';
import { ExitReason, isDelisted, type PositionView } from '../../domain/position';
import { DeedKind, FindingKind } from '../../domain/findings';
import { missingOf } from '../../domain/reconciliation';
import type { ActivityDeps } from '../deps';
import { describeDelisting } from '../listings';
import { wakePosition } from '../wake';
import type { Findings } from './findings';

/** By asset, how much less the account held at the last look than its positions do. */
export type Shortfalls = Readonly<Record<string, DecimalString>>;

/**
 * The account must hold at least what the positions say; more is somebody else's and left alone. A shortfall counts when
 * two looks in a row find the same, for a fill changes balances before the journal hears of it. What is missing is then
 * taken out of what positions may sell, so that no stop or exit asks for ever for coins that are not there.
 * @returns shortfalls that the next look is to confirm
 */
export async function compareHoldings(
  deps: Pick<ActivityDeps, 'store' | 'exchange' | 'owners'>,
  account: string,
  suspected: Shortfalls,
  findings: Findings,
): Promise<Shortfalls> {
  const { store, exchange } = deps;
  const before = await store.livePositions(account);
  const balances = new Map(
    (await exchange.balances()).map(({ asset, free, locked }) => [asset, add(free, locked)]),
  );
  const live = await store.livePositions(account);
  if (isMoving(live) || fingerprint(before) !== fingerprint(live)) {
    findings.lookAgain = true;
    return suspected;
  }
  const open: Record<string, DecimalString> = {};
  for (const [asset, positions] of byAsset(live)) {
    const there = balances.get(asset) ?? ZERO;
    const held = sum(positions.map(({ ledger }) => ledger.heldQuantity));
    const shortfall = lessThan(there, held) ? subtract(held, there) : ZERO;
    if (isPositive(shortfall) && suspected[asset] !== shortfall) {
      open[asset] = shortfall;
      findings.lookAgain = true;
      continue;
    }
    if (isPositive(shortfall)) noteShortfall(asset, { held, there, shortfall }, positions, findings);
    await limitHoldings(deps, account, positions, there, findings);
  }
  return open;
}

/** Coins whose pair is gone are for a person to take out of the account; that they are gone is then no riddle. */
function noteShortfall(
  asset: string,
  { held, there, shortfall }: Readonly<Record<'held' | 'there' | 'shortfall', DecimalString>>,
  positions: readonly PositionView[],
  findings: Findings,
): void {
  const subject = `${asset}/${shortfall}`;
  const stranded = positions.filter(isDelisted);
  if (lessThan(sum(stranded.map(({ ledger }) => ledger.heldQuantity)), shortfall)) {
    const message = `positions hold ${held} ${asset}, the account only ${there}: ${shortfall} ${asset} went without an order of ours`;
    findings.unexplained(FindingKind.MissingCoins, subject, message);
    return;
  }
  const pairs = [...new Set(stranded.map(({ symbol }) => symbol))].join(', ');
  const message = `${shortfall} ${asset} left the account after the exchange had delisted ${pairs}: sold, converted or withdrawn by a person`;
  findings.notice(FindingKind.MissingCoins, subject, message);
}

/** Says of every position what cannot be sold of it because its pair is gone. */
export async function noteStranded(
  deps: Pick<ActivityDeps, 'store' | 'exchange'>,
  account: string,
  findings: Findings,
): Promise<void> {
  for (const position of (await deps.store.livePositions(account)).filter(isDelisted)) {
    if (sellable(position).dust !== undefined) continue;
    const { kind, subject, message } = await describeDelisting(deps, position);
    findings.unexplained(kind, subject, message);
  }
}

async function limitHoldings(
  { store, owners }: Pick<ActivityDeps, 'store' | 'owners'>,
  account: string,
  positions: readonly PositionView[],
  there: DecimalString,
  findings: Findings,
): Promise<void> {
  for (const [positionId, missing] of missingOf(positions, there)) {
    if (!(await store.setMissing(positionId, missing))) continue;
    const message = isZero(missing)
      ? `${positionId}: all of what it holds is there again`
      : `${positionId} lacks ${missing} of what it holds, and goes on with the rest`;
    findings.did(DeedKind.HoldingLimited, positionId, message);
    const now = await store.position(positionId);
    if (now !== undefined && isPositive(missing) && sellable(now).dust !== undefined)
      await store.wishExit(positionId, isDelisted(now) ? ExitReason.Delisted : ExitReason.Missing);
    await wakePosition(owners, account, positionId);
  }
}

function byAsset(positions: readonly PositionView[]): ReadonlyMap<string, readonly PositionView[]> {
  const assets = new Map<string, PositionView[]>();
  for (const position of positions)
    assets.set(position.instrument.base, [...(assets.get(position.instrument.base) ?? []), position]);
  return assets;
}

/** An order is on its way, and may change the balances at any time. */
const isMoving = (positions: readonly PositionView[]): boolean =>
  positions.some(({ orders }) =>
    orders.some(({ state }) => state === OrderState.Sending || state === OrderState.Unknown),
  );

const fingerprint = (positions: readonly PositionView[]): string =>
  positions
    .flatMap(({ positionId, ledger, orders }) => [
      `${positionId} ${ledger.heldQuantity}`,
      ...orders.map(({ clientOrderId, version }) => `${clientOrderId} ${version}`),
    ])
    .join('\n');

/**
 * While nothing of ours is held or wanted, all coins in the account are somebody else's. A grant would be seen in the
 * second look, and no coin is bought without one.
 */
export async function noteForeignHoldings(
  { store, exchange }: Pick<ActivityDeps, 'store' | 'exchange'>,
  account: string,
): Promise<void> {
  const idle = async (): Promise<boolean> => (await store.livePositions(account)).length === 0;
  if (!(await idle())) return;
  const holdings = Object.fromEntries(
    (await exchange.balances()).map(({ asset, free, locked }) => [asset, add(free, locked)]),
  );
  if (await idle()) await store.recordForeignHoldings(account, holdings);
}
