import {
  allHandlersFinished,
  condition,
  continueAsNew,
  patched,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { ReconcileResult } from '../activities/reconciliation';
import { isUnexplained, type Finding } from '../domain/findings';
import { startUnlessRunning, tell } from './children';
import {
  lookAgainSignal,
  pokeSignal,
  reconcileUpdate,
  tags,
  workflowIds,
  type ReconciliationInput,
  type ReconciliationReport,
  type ReconciliationSettings,
} from './contract';
import { reconciliationActivities } from './proxies';
import { startPosition } from './start-position';

/** Between two looks of one run, so that a burst of requests costs the exchange little. */
const PAUSE_MS = 2_000;
/** Looks in a row at things under way; what is not over then is left to the next run. */
const MAX_LOOKS = 6;
/** A run that ends just when it is asked is started anew. */
const HAND_OVER_TRIES = 3;

interface State {
  /** Requests so far; each is answered by a look that began after it. */
  asked: number;
  /** The last of them that waits for its answer. */
  waiting: number;
  answered: number;
  /** The trigger of the next look, for the report. */
  trigger: string;
  /** Those of the last who wanted an answer. */
  settings: ReconciliationSettings;
  report: ReconciliationReport | null;
  /** Found by others, to be told with the next look. */
  told: Finding[];
}

/**
 * Holds the exchange's record against the journal, and gives every live position an owner: one whose workflow is gone is
 * started again and adopts what the journal says about it. One run per account: requests that come during a look make
 * it look once more.
 */
export async function reconciliation(input: ReconciliationInput): Promise<ReconciliationReport | null> {
  if (input.scheduled === true) return handOver(input);
  const { symbols, strays, strategies, trigger: first } = input;
  const settings = { symbols, strays, strategies };
  const told = [...(input.carried?.told ?? [])];
  const count = { asked: 0, waiting: 0, answered: 0 };
  const state: State = { ...count, trigger: first, settings, report: null, told };
  setHandler(lookAgainSignal, ({ trigger, finding }) => {
    state.asked += 1;
    state.trigger = trigger;
    if (finding !== undefined) state.told.push(finding);
  });
  setHandler(reconcileUpdate, async ({ trigger, ...settings }) => {
    const ticket = (state.asked += 1);
    state.waiting = ticket;
    state.trigger = trigger;
    state.settings = settings;
    await condition(() => state.answered >= ticket);
    if (state.report === null) throw new Error('A look was answered without a report.');
    return state.report;
  });
  for (let number = 1; ; number += 1) {
    const { asked } = state;
    state.report = await look(input, state, number);
    state.answered = asked;
    const asksAgain = (): boolean => state.asked !== asked;
    await condition(() => asksAgain() || allHandlersFinished());
    if (!asksAgain()) return state.report;
    if (workflowInfo().continueAsNewSuggested && (await isFreeToContinue(state)))
      await continueAsNew<typeof reconciliation>(carry(input, state));
    await sleep(PAUSE_MS, { summary: 'before the next look' });
  }
}

/** Whoever has got an answer is let go first; whoever waits for one stays with this run. */
async function isFreeToContinue(state: State): Promise<boolean> {
  const mustStay = (): boolean => state.waiting > state.answered;
  if (patched('answered-before-continuing')) await condition(() => allHandlersFinished() || mustStay());
  return allHandlersFinished();
}

/** What the next run, which begins with a look, makes of what came during the last look of this one. */
function carry({ deployment, account, venue }: ReconciliationInput, state: State): ReconciliationInput {
  const { settings, trigger, told } = state;
  return { deployment, account, venue, ...settings, trigger, carried: { told } };
}

/** Looks until nothing is under way any more, a few times at most, and keeps the report. */
async function look(input: ReconciliationInput, state: State, number: number): Promise<ReconciliationReport> {
  const { account, venue } = input;
  const { symbols, strays, strategies } = state.settings;
  const { trigger } = state;
  const activities = reconciliationActivities(venue, `the exchange against the journal: ${trigger}`);
  let suspected: ReconcileResult['suspected'] = {};
  let report: ReconciliationReport | null = null;
  for (let looks = 1; ; looks += 1) {
    const told = state.told.splice(0);
    const found = await activities.reconcileAccount({
      account,
      symbols,
      ...(strays !== undefined && { strays }),
      ...(strategies !== undefined && { strategies }),
      suspected,
      told,
    });
    const adoptedPositions = await adopt(input, found);
    report = combine(report, { ...reportOf(found), adoptedPositions });
    setCurrentDetails(describe(report));
    if (!found.lookAgain || looks === MAX_LOOKS) break;
    suspected = found.suspected;
    await sleep(PAUSE_MS, { summary: 'something is under way: before the next look' });
  }
  if (patched('reports-are-kept')) {
    const key = `${workflowInfo().runId}/${number}`;
    await reconciliationActivities(venue, 'keep the report').recordReconciliation({
      account,
      key,
      trigger,
      report,
    });
  }
  return report;
}

/** Every live position has an owner afterwards. Returns those that had none. */
async function adopt(input: ReconciliationInput, found: ReconcileResult): Promise<readonly string[]> {
  const { deployment, account, venue } = input;
  const adopted: string[] = [];
  for (const { positionId, strategy, symbol } of found.livePositions) {
    const owned = { deployment, account, venue, positionId, strategy, symbol };
    const started = await startPosition(owned, `${symbol}, adopted`, 'Started again by a reconciliation.');
    if (started) adopted.push(positionId);
    else await tell(positionId, pokeSignal);
  }
  return adopted;
}

/** A scheduled run has an id of its own; the account's reconciliation is one. */
async function handOver(input: ReconciliationInput): Promise<null> {
  const { account, trigger } = input;
  const workflowId = workflowIds.reconciliation(account);
  for (let tries = 0; tries < HAND_OVER_TRIES; tries += 1) {
    const started = await startUnlessRunning(reconciliation, {
      workflowId,
      args: [{ ...input, scheduled: false }],
      staticSummary: `reconciliation of ${account}: ${trigger}`,
      typedSearchAttributes: tags({ account }),
    });
    if (started || (await tell(workflowId, lookAgainSignal, { trigger }))) break;
  }
  return null;
}

const reportOf = (found: ReconcileResult): Omit<ReconciliationReport, 'adoptedPositions'> => {
  const { session, marketTimeMs, sinceMs, mode, checkedOrders, recoveredFills, findings, done } = found;
  return { session, marketTimeMs, sinceMs, mode, checkedOrders, recoveredFills, findings, done };
};

/** What several looks of one run say together: the last one's findings, and whatever any of them did or noticed. */
function combine(before: ReconciliationReport | null, now: ReconciliationReport): ReconciliationReport {
  if (before === null) return now;
  const passing = before.findings.filter(
    (finding) =>
      !isUnexplained(finding) &&
      !now.findings.some(({ kind, subject }) => kind === finding.kind && subject === finding.subject),
  );
  return {
    ...now,
    marketTimeMs: before.marketTimeMs,
    sinceMs: before.sinceMs,
    recoveredFills: before.recoveredFills + now.recoveredFills,
    adoptedPositions: [...before.adoptedPositions, ...now.adoptedPositions],
    findings: [...passing, ...now.findings],
    done: [...before.done, ...now.done],
  };
}

/** Fields that runs recorded by an older version lack are left out. */
function describe(report: ReconciliationReport): string {
  const { session, checkedOrders, recoveredFills, adoptedPositions, findings } = report;
  const done = (report as Partial<ReconciliationReport>).done ?? [];
  const list = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', `**${title}**`, ...lines.map((line) => `- ${line}`)];
  const unexplained = findings.filter(isUnexplained).map(({ message }) => message);
  const notices = findings.filter((finding) => !isUnexplained(finding)).map(({ message }) => message);
  return [
    `Session ${session}: ${checkedOrders} orders checked, ${recoveredFills} fills recovered, ${adoptedPositions.length} positions adopted.`,
    ...(unexplained.length === 0 ? ['', 'Everything is explained.'] : list('Not explained', unexplained)),
    ...list('Noticed', notices),
    ...list('Done', [
      ...done.map(({ message }) => message),
      ...adoptedPositions.map((id) => `adopted ${id}`),
    ]),
  ].join('\n');
}
