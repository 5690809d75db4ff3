import { setCurrentDetails } from '@temporalio/workflow';
import { tell } from './children';
import { pokeSignal, type ReconciliationInput, type ReconciliationReport } from './contract';
import { reconciliationActivities } from './proxies';
import { startPosition } from './start-position';

/**
 * Holds the exchange's record against the journal, and gives every live position an owner: one whose workflow is gone is
 * started again and adopts what the journal says about it.
 */
export async function reconciliation(input: ReconciliationInput): Promise<ReconciliationReport> {
  const { deployment, account, venue, symbols } = input;
  const found = await reconciliationActivities(venue, `the exchange against the journal`).reconcileAccount({
    account,
    symbols,
  });
  const adopted: string[] = [];
  for (const { positionId, strategy, symbol } of found.livePositions) {
    const owned = { deployment, account, venue, positionId, strategy, symbol };
    const started = await startPosition(owned, `${symbol}, adopted`, 'Started again by a reconciliation.');
    if (started) adopted.push(positionId);
    else await tell(positionId, pokeSignal);
  }
  const report: ReconciliationReport = {
    session: found.session,
    checkedOrders: found.checkedOrders,
    recoveredFills: found.recoveredFills,
    adoptedPositions: adopted,
    findings: found.findings,
  };
  setCurrentDetails(describe(report));
  return report;
}

function describe(report: ReconciliationReport): string {
  const findings =
    report.findings.length === 0
      ? 'Everything is explained.'
      : report.findings.map((text) => `- ${text}`).join('\n');
  return `Session ${report.session}: ${report.checkedOrders} orders checked, ${report.recoveredFills} fills recovered, ${report.adoptedPositions.length} positions adopted.\n\n${findings}`;
}
