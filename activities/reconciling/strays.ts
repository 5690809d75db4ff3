import type { OrderReport } from '../../adapters/exchange/port';
import { lessThan } from '../../domain/decimal';
import { clientOrderIdPrefix, isDirectStopOrder } from '../../domain/ids';
import { Leg, OrderType, Side } from '../../domain/order';
import { ExitReason, type PositionView } from '../../domain/position';
import { DeedKind, FindingKind, StrayPolicy } from '../../domain/findings';
import { idsOfSale, placesOf, type OrderPlace, type StrategyPace } from '../../domain/reconciliation';
import type { ActivityDeps } from '../deps';
import { matters } from './exchange-record';
import type { Findings } from './findings';
import { closeStrays } from './closing';
import { attributeSale } from './sales';
import { describe, inOrder, partition } from './reports';
import { recoverLost, type Owner } from './recovered-positions';

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
  const [direct, strays] = partition(ours, (report) =>
    isDirectStopOrder(deps.deployment, report.clientOrderId),
  );
  const placing = new StrayPlacing(deps, owner, options, findings);
  let left = await placing.adopt(strays);
  if (options.policy === StrayPolicy.Adopt && left.length > 0) {
    left = await placing.adopt(await placing.recover(left));
  }
  for (const sale of direct.filter(matters)) await placing.attributeDirectSale(sale);
  left = left.filter(matters);
  if (options.policy === StrayPolicy.Close) left = await closeStrays(deps, owner, left, options, findings);
  for (const report of left) placing.alert(report);
}

/**
 * Tells of the sales of the direct stop that have found their positions: whoever ran it wanted out, and until a person
 * resumes trading every look says so again.
 */
export async function noteDirectStops(
  { deployment, store }: Deps,
  reports: readonly OrderReport[],
  findings: Findings,
): Promise<void> {
  for (const report of reports.filter(matters)) {
    const { clientOrderId, symbol, filledQuantity } = report;
    if (!isDirectStopOrder(deployment, clientOrderId)) continue;
    const rows = await Promise.all(idsOfSale(clientOrderId).map((id) => store.order(id)));
    if (rows.every((row) => row === undefined)) continue;
    const message = `emergency-stop --direct sold ${filledQuantity} on ${symbol} (${clientOrderId})`;
    findings.notice(FindingKind.DirectStop, clientOrderId, message);
  }
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

  /** Takes back the lost positions whose entries are among these. @returns all but those entries */
  async recover(reports: readonly OrderReport[]): Promise<readonly OrderReport[]> {
    const { strategies } = this.options;
    const lost = { deps: this.deps, owner: this.owner, strategies, findings: this.findings };
    const left: OrderReport[] = [];
    for (const report of inOrder(reports))
      if (report.side === Side.Sell || !(await recoverLost(lost, report, reports))) left.push(report);
    return left;
  }

  /** A sale of the direct stop: exits of the positions whose coins it sold. */
  async attributeDirectSale(sale: OrderReport): Promise<void> {
    const { deps, findings } = this;
    const exit = { leg: Leg.Emergency, exitReason: ExitReason.Emergency };
    if ((await attributeSale(deps, sale, await this.positions(), exit, findings)) === 'impossible')
      this.alert(sale);
  }

  alert(report: OrderReport): void {
    const message = `${describe(report)} is of this deployment, but the journal does not know it`;
    this.findings.unexplained(FindingKind.Stray, report.clientOrderId, message);
  }

  private async take(report: OrderReport, place: OrderPlace): Promise<void> {
    const { store, desk, owners } = this.deps;
    const { clientOrderId, exchangeOrderId, quantity, limitPrice = null, stopPrice } = report;
    const type = report.type ?? OrderType.Market;
    await store.adoptOrder({
      ...place,
      ...{ clientOrderId, exchangeOrderId, type, quantity, limitPrice, stopPrice },
    });
    const learnt = await desk.news.learn(report, 'reconciliation');
    if (lessThan(learnt.filledQuantity, report.filledQuantity)) this.findings.lookAgain = true;
    const message = `${describe(report)} is ${place.leg} ${place.sequence} of ${place.positionId}, which the journal had lost`;
    this.findings.did(DeedKind.OrderAdopted, clientOrderId, message);
    await owners.notifyOrder(learnt);
  }

  private positions(): Promise<readonly PositionView[]> {
    return this.deps.store.recentPositions(this.owner.account, this.options.sinceMs);
  }
}

function foreign(report: OrderReport): [typeof FindingKind.ForeignDeployment, string, string] {
  const { clientOrderId } = report;
  const prefix = clientOrderId.slice(0, clientOrderId.lastIndexOf('-') + 1);
  const message = `${describe(report)} is of another deployment, whose ids begin with ${prefix}`;
  return [FindingKind.ForeignDeployment, clientOrderId, message];
}
