import type { OrderReport } from '../../adapters/exchange/port';
import { lessThan, sum } from '../../domain/decimal';
import { clientOrderIdPrefix, isDirectStopOrder } from '../../domain/ids';
import { quantityOf } from '../../domain/inferred-fill';
import { Leg, OrderType, Side } from '../../domain/order';
import { ExitReason, type PositionView } from '../../domain/position';
import { DeedKind, FindingKind, StrayPolicy } from '../../domain/findings';
import { divideSale, placesOf, type OrderPlace, type StrategyPace } from '../../domain/reconciliation';
import type { ActivityDeps } from '../deps';
import { matters } from './exchange-record';
import type { Findings } from './findings';
import { recoverLost, takeInBuy, type Owner } from './recovered-positions';

export interface StrayOptions {
  readonly policy: StrayPolicy;
  readonly strategies: readonly StrategyPace[];
  readonly sinceMs: number;
}

type Deps = Pick<ActivityDeps, 'deployment' | 'store' | 'desk' | 'exchange' | 'owners'>;

/**
 * Orders under an id of Ballast's that the journal does not know. Those that it can prove to belong to a position of its
 * own it takes over, whatever the policy; sales of `emergency-stop --direct` are the exits of the positions whose coins they sold; the policy is for the rest.
 */
export async function placeStrays(
  deps: Deps,
  owner: Owner,
  unknown: readonly OrderReport[],
  options: StrayOptions,
  findings: Findings,
): Promise<void> {
  const prefix = clientOrderIdPrefix(deps.deployment);
  const [ours, theirs] = partition(unknown, ({ clientOrderId }) => clientOrderId.startsWith(prefix));
  for (const report of theirs.filter(matters)) findings.unexplained(...foreign(report));
  if (ours.length === 0) return;
  const [direct, strays] = partition(ours, (report) =>
    isDirectStopOrder(deps.deployment, report.clientOrderId),
  );
  const placing = new StrayPlacing(deps, owner, options, findings);
  let left = await placing.adopt(strays);
  if (options.policy !== StrayPolicy.Alert && left.length > 0) {
    await placing.recover(left);
    left = await placing.adopt(left);
  }
  for (const sale of direct.filter(matters)) await placing.attributeDirectSale(sale);
  left = left.filter(matters);
  if (options.policy === StrayPolicy.Close) left = await placing.close(left);
  for (const report of left) placing.alert(report);
}

class StrayPlacing {
  constructor(
    private readonly deps: Deps,
    private readonly owner: Owner,
    private readonly options: StrayOptions,
    private readonly findings: Findings,
  ) {}

  /** Takes over the orders whose ids are those of known positions. @returns the others */
  async adopt(reports: readonly OrderReport[]): Promise<readonly OrderReport[]> {
    if (reports.length === 0) return [];
    const places = placesOf(this.deps.deployment, await this.positions());
    const left: OrderReport[] = [];
    for (const report of inOrder(reports)) {
      const place = places.get(report.clientOrderId);
      if (place === undefined || report.type === undefined) left.push(report);
      else await this.take(report, place);
    }
    return left;
  }

  /** Takes back the lost positions whose entries are among these. */
  async recover(reports: readonly OrderReport[]): Promise<void> {
    const { policy, strategies } = this.options;
    const lost = { deps: this.deps, owner: this.owner, strategies, findings: this.findings };
    for (const entry of inOrder(reports).filter(({ side }) => side === Side.Buy))
      await recoverLost(lost, entry, reports, policy === StrayPolicy.Close);
  }

  /** A sale of the direct stop: exits of the positions whose coins it sold. */
  async attributeDirectSale(sale: OrderReport): Promise<void> {
    const done = await this.attribute(sale, await this.positions(), Leg.Emergency, ExitReason.Emergency);
    if (done === undefined) return;
    if (!done) {
      this.alert(sale);
      return;
    }
    const message = `emergency-stop --direct sold ${sale.filledQuantity} on ${sale.symbol} (${sale.clientOrderId})`;
    this.findings.notice(FindingKind.DirectStop, sale.clientOrderId, message);
  }

  /**
   * Takes into the journal what these bought, as positions to be sold at once, with what has been sold of it since.
   * @returns those that cannot be taken in
   */
  async close(reports: readonly OrderReport[]): Promise<readonly OrderReport[]> {
    const left: OrderReport[] = [];
    for (const symbol of new Set(reports.map((report) => report.symbol))) {
      const [buys, sells] = partition(
        inOrder(reports.filter((report) => report.symbol === symbol)),
        ({ side }) => side === Side.Buy,
      );
      // More sold than bought: what it sold was something else, and nothing may be concluded from the rest.
      const filled = (orders: readonly OrderReport[]) => sum(orders.map((order) => order.filledQuantity));
      const sound = !lessThan(filled(buys), filled(sells)) && buys.every(({ type }) => type !== undefined);
      if (sound) left.push(...(await this.closeSymbol(buys, sells)));
      else left.push(...buys, ...sells);
    }
    return left;
  }

  alert(report: OrderReport): void {
    const message = `${describe(report)} is of this deployment, but the journal does not know it`;
    this.findings.unexplained(FindingKind.Stray, report.clientOrderId, message);
  }

  private async closeSymbol(
    buys: readonly OrderReport[],
    sells: readonly OrderReport[],
  ): Promise<readonly OrderReport[]> {
    const { deps, owner, findings } = this;
    const ids: string[] = [];
    for (const buy of buys) ids.push(await takeInBuy({ deps, owner, findings }, buy));
    const positions = async (): Promise<readonly PositionView[]> =>
      (await this.positions()).filter(({ positionId }) => ids.includes(positionId));
    const left: OrderReport[] = [];
    for (const sell of sells) {
      if (sell.status === 'open') await this.cancel(sell);
      const ended = (await deps.exchange.lookUp(sell.symbol, sell.clientOrderId)) ?? sell;
      if (!matters(ended)) continue;
      const done = await this.attribute(ended, await positions(), Leg.Exit, ExitReason.Stray);
      if (done === false) left.push(ended);
    }
    return left;
  }

  private async cancel({ symbol, clientOrderId, side }: OrderReport): Promise<void> {
    await this.deps.exchange.cancel(symbol, clientOrderId);
    const message = `the resting ${side} order ${clientOrderId} on ${symbol}, which no position explains, was cancelled`;
    this.findings.did(DeedKind.StrayCancelled, clientOrderId, message);
  }

  /**
   * Journals a sale as exits of the positions it sold from.
   * @returns false when they hold less than was sold; undefined when it is not over or not all of its trades are listed
   */
  private async attribute(
    sale: OrderReport,
    positions: readonly PositionView[],
    leg: Leg,
    exitReason: ExitReason,
  ): Promise<boolean | undefined> {
    const { exchange, store, owners } = this.deps;
    const { symbol, clientOrderId, exchangeOrderId, filledQuantity } = sale;
    const fills = await exchange.fillsOf(symbol, exchangeOrderId, clientOrderId);
    if (sale.status === 'open' || lessThan(quantityOf(fills), filledQuantity)) {
      this.findings.lookAgain = true;
      return undefined;
    }
    const parts = divideSale(
      { clientOrderId, fills },
      positions.filter((position) => position.symbol === symbol),
    );
    if (parts === undefined) return false;
    const sold = await store.adoptSale({ clientOrderId, exchangeOrderId, leg, exitReason, parts });
    const message = `${describe(sale)} is an exit of ${sold.join(' and of ')}`;
    this.findings.did(DeedKind.SaleAttributed, clientOrderId, message);
    for (const positionId of sold) await owners.notifyPosition(positionId);
    return true;
  }

  private async take(report: OrderReport, place: OrderPlace): Promise<void> {
    const { store, desk, owners } = this.deps;
    const { clientOrderId, exchangeOrderId, quantity, limitPrice = null, stopPrice } = report;
    const type = report.type ?? OrderType.Market;
    await store.adoptOrder({
      ...place,
      ...{ clientOrderId, exchangeOrderId, type, quantity, limitPrice, stopPrice },
    });
    const learnt = await desk.learn(report, 'reconciliation');
    if (lessThan(learnt.filledQuantity, report.filledQuantity)) this.findings.lookAgain = true;
    const message = `${describe(report)} is ${place.leg} ${place.sequence} of ${place.positionId}, which the journal had lost`;
    this.findings.did(DeedKind.OrderAdopted, clientOrderId, message);
    await owners.notifyOrder(learnt);
  }

  private positions(): Promise<readonly PositionView[]> {
    return this.deps.store.recentPositions(this.owner.account, this.options.sinceMs);
  }
}

export const describe = ({ side, clientOrderId, symbol, status, filledQuantity }: OrderReport): string =>
  `${side} order ${clientOrderId} on ${symbol} (${status}, filled ${filledQuantity})`;

function foreign(report: OrderReport): [typeof FindingKind.ForeignDeployment, string, string] {
  const { clientOrderId } = report;
  const prefix = clientOrderId.slice(0, clientOrderId.lastIndexOf('-') + 1);
  const message = `${describe(report)} is of another deployment, whose ids begin with ${prefix}`;
  return [FindingKind.ForeignDeployment, clientOrderId, message];
}

/** As the exchange accepted them: its ids rise. */
const inOrder = (reports: readonly OrderReport[]): readonly OrderReport[] =>
  [...reports].sort(
    (a, b) =>
      a.exchangeOrderId.length - b.exchangeOrderId.length || (a.exchangeOrderId < b.exchangeOrderId ? -1 : 1),
  );

function partition<T>(all: readonly T[], test: (one: T) => boolean): [T[], T[]] {
  return [all.filter(test), all.filter((one) => !test(one))];
}
