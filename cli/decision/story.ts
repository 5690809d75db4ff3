import type { CallRecord, DecisionRecord, GrantRecord } from '../../adapters/store/decision-record';
import { DecisionOutcome } from '../../adapters/store/port';
import { checksOfGrant, checksOfRefusal, CheckOutcome, type RiskCheck } from '../../domain/risk-checks';
import { reachText, type TradeOutcome } from '../../domain/memory/outcome';
import { moodText } from '../../domain/memory/situation';
import { PositionState } from '../../domain/position';
import type { Reason } from '../../domain/strategy';
import { gain, plain, price, span, utcTime } from '../format';
import { agentSections } from './agent-section';
import { Mark, type Line, type Section } from './page';
import { callsText, panelSections } from './panel-section';

/** Where a decision was made, in Temporal. */
export interface DecisionRun {
  readonly workflowId: string;
  /** Null: it was not recorded. */
  readonly runId: string | null;
  readonly url: string | null;
}

const NOT_RECORDED = 'not recorded';

/** A decision in plain words: what each input, model and rule said, and where the raw answers are. */
export function storyOf(record: DecisionRecord, run: DecisionRun, raw: boolean): readonly Section[] {
  return [
    heading(record),
    inputs(record),
    ...panelSections(record),
    ...agentSections(record),
    ...risk(record),
    ...entry(record),
    ...aftermath(record),
    ...(record.calls.length === 0 ? [] : [calls(record.calls, raw)]),
    temporal(run, record),
  ];
}

function heading({ decisionId, decision, settings }: DecisionRecord): Section {
  const { outcome, strategy, symbol, barCloseMs, session, close } = decision;
  const timeframe = decision.inputs?.timeframe ?? settings?.timeframe;
  return {
    title: 'Decision',
    gist: `${decisionId}: ${outcome}. ${strategy} on ${symbol}, ${timeframe === undefined ? 'the bar' : `the ${timeframe} bar`} that closed ${utcTime(barCloseMs, 'minutes')} UTC${close === null ? '' : ` at ${price(close)}`}, session ${session}`,
    lines: [{ label: 'in short', text: inShort(decision) }],
  };
}

/** The reason that tells most of a decision of an agent: its first and last reasons are that it was asked, and why it ended. */
const AGENTS_OWN: Readonly<Partial<Record<DecisionOutcome, string>>> = {
  [DecisionOutcome.Hold]: 'agent-said',
  [DecisionOutcome.Enter]: 'agent-done',
  [DecisionOutcome.Exit]: 'agent-done',
  [DecisionOutcome.Trail]: 'agent-done',
  [DecisionOutcome.Refused]: 'agent-refused',
};

function inShort({ outcome, reasons }: DecisionRecord['decision']): string {
  const agents = reasons.find(({ code }) => code === AGENTS_OWN[outcome]);
  const gistOf = (reason: Reason | undefined): string =>
    (agents ?? reason)?.text.replace(/\.$/, '') ?? 'no reason was recorded';
  const [first, last] = [gistOf(reasons[0]), gistOf(reasons.at(-1))];
  switch (outcome) {
    case DecisionOutcome.Hold:
      return `Nothing was to be done: ${first}.`;
    case DecisionOutcome.Enter:
      return `A position was to be opened, and was allowed: ${first}.`;
    case DecisionOutcome.Exit:
      return `The position was to be closed: ${first}.`;
    case DecisionOutcome.Trail:
      return `The position was kept: ${first}.`;
    case DecisionOutcome.Refused:
      return `A position was wanted and not allowed. ${last}.`;
    case DecisionOutcome.Skipped:
      return `Nothing was done: ${last}.`;
  }
}

function inputs(record: DecisionRecord): Section {
  const { decision, settings, mood } = record;
  const { strategyVersion } = decision;
  const version =
    strategyVersion === null || strategyVersion === undefined ? 'built in' : `version ${strategyVersion}`;
  const told = toldElsewhere(record);
  return {
    title: 'Inputs',
    lines: [
      ...candles(record),
      settings === null
        ? { label: 'strategy', mark: Mark.Missing, text: `what it was set to is ${NOT_RECORDED}` }
        : {
            label: 'strategy',
            mark: Mark.Plain,
            text: `${settings.strategyId}, ${version}: ${parametersText(settings.parameters)}`,
          },
      ...decision.reasons
        .filter((reason) => !told(reason))
        .map((reason) => ({ label: reason.code, mark: Mark.Plain, text: reasonText(reason) })),
      mood === null
        ? { label: 'mood', mark: Mark.Missing, text: 'none: nobody had an opinion that was known by then' }
        : {
            label: 'mood',
            mark: Mark.Plain,
            text: `${moodText(mood)}; of ${mood.stories} ${mood.stories === 1 ? 'story' : 'stories'} judged by ${mood.scorer}, known ${utcTime(mood.knownMs, 'minutes')}. Only strategies and models that ask for it go by it.`,
          },
    ],
  };
}

function candles({ decision: { inputs: seen }, bar }: DecisionRecord): readonly Line[] {
  const label = 'candles';
  const shown =
    bar === null
      ? 'the bar itself is not kept any more'
      : `open ${bar.open}, high ${bar.high}, low ${bar.low}, close ${bar.close}, volume ${bar.volume}`;
  if (seen === undefined)
    return [{ label, mark: Mark.Missing, text: `whether they were doubtful is ${NOT_RECORDED}; ${shown}` }];
  const { ok, problem, doubts } = seen.candles;
  return [
    ok
      ? { label, mark: Mark.Good, text: `fit to be decided on: ${shown}` }
      : { label, mark: Mark.Bad, text: problem ?? 'not fit to be decided on' },
    ...doubts.map(({ text }) => ({ label: '', mark: Mark.Bad, text: `doubtful: ${text}` })),
  ];
}

const parametersText = (parameters: Readonly<Record<string, unknown>>): string => {
  const told = Object.entries(parameters).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return told.length === 0 ? 'no parameters' : told.join(', ');
};

function reasonText({ text, values = {} }: Reason): string {
  const numbers = Object.entries(values).map(([name, value]) => `${name} ${Number(value.toPrecision(8))}`);
  return numbers.length === 0 ? text : `${text} (${numbers.join(', ')})`;
}

/** Reasons that a section of their own tells. */
const toldElsewhere =
  ({ refusal, panel, entry: opened }: DecisionRecord) =>
  ({ code }: Reason): boolean =>
    code === refusal?.code ||
    (panel !== null && code.startsWith('panel-')) ||
    (code === 'entered-because' && opened !== null);

const MARKS: Readonly<Record<CheckOutcome, Mark>> = {
  [CheckOutcome.Passed]: Mark.Good,
  [CheckOutcome.Failed]: Mark.Bad,
  [CheckOutcome.NotReached]: Mark.Missing,
};

function risk(record: DecisionRecord): readonly Section[] {
  const { grant, refusal, decision, position } = record;
  if (grant !== null) {
    const base = position?.instrument.base ?? '';
    return [
      {
        title: 'Risk',
        gist: `granted ${plain(grant.quantity)} ${base}, to be bought at ${price(grant.limitPrice)} at most`,
        lines: grantLines(record, grant),
      },
    ];
  }
  if (refusal !== null)
    return [
      {
        title: 'Risk',
        gist: `refused (${refusal.code})`,
        lines: checksOfRefusal(refusal).map(checkLine),
      },
    ];
  const asked = decision.outcome === DecisionOutcome.Refused || decision.outcome === DecisionOutcome.Enter;
  return asked ? [{ title: 'Risk', gist: `what it said is ${NOT_RECORDED}`, lines: [] }] : [];
}

function grantLines({ position }: DecisionRecord, grant: GrantRecord): readonly Line[] {
  const { limits, snapshot } = grant;
  if (limits === null || snapshot === null || position === null)
    return [
      {
        label: '',
        mark: Mark.Missing,
        text: 'A reconciliation recovered this position from the exchange: what it was granted by is lost.',
      },
    ];
  const { instrument } = position;
  const { sizeFactor } = grant;
  return checksOfGrant({ limits, snapshot, instrument, sizeFactor, intent: grant }).map(checkLine);
}

const checkLine = ({ name, outcome, text }: RiskCheck): Line => ({
  label: name,
  mark: MARKS[outcome],
  text: text ?? (outcome === CheckOutcome.Passed ? 'passed' : 'not reached'),
});

/** Why the position was opened that this decision is about. */
function entry({ entry: opened }: DecisionRecord): readonly Section[] {
  if (opened === null) return [];
  const { decisionId, decision } = opened;
  return [
    {
      title: 'The position',
      gist: `was entered on the bar of ${utcTime(decision.barCloseMs, 'minutes')} (decision ${decisionId})`,
      lines: decision.reasons.map((reason) => ({
        label: reason.code,
        mark: Mark.Plain,
        text: reasonText(reason),
      })),
    },
  ];
}

function aftermath({ position, memory, reflection }: DecisionRecord): readonly Section[] {
  if (position === null) return [];
  const { positionId, state, ledger, exitReason, openedAtMs, closedAtMs, instrument } = position;
  const lines: Line[] = [{ label: 'position', text: positionId }];
  if (state === PositionState.Live)
    lines.push({
      label: 'now',
      text:
        openedAtMs === null
          ? 'the entry is on its way'
          : `open, holds ${plain(ledger.heldQuantity)} ${instrument.base}, entered at ${price(ledger.averageEntry)}`,
    });
  else if (openedAtMs === null || closedAtMs === null)
    lines.push({ label: 'ended', text: `nothing was bought (${exitReason ?? 'unknown'})` });
  else
    lines.push({
      label: 'ended',
      text: `by ${exitReason ?? 'unknown'} at ${utcTime(closedAtMs, 'minutes')} after ${span(closedAtMs - openedAtMs)}: ${gain(ledger.realisedPnl)} ${instrument.quote}`,
    });
  if (memory !== null) lines.push({ label: 'in memory', text: memoryText(memory.outcome) });
  if (reflection !== null)
    lines.push(
      reflection.lesson === null
        ? { label: 'lesson', mark: Mark.Missing, text: `none: ${reflection.missing}` }
        : {
            label: 'lesson',
            mark: Mark.Plain,
            text: `${reflection.lesson} (entry: ${reflection.judgement}; ${reflection.model}, prompt ${reflection.prompt.name} v${reflection.prompt.version}${callsText(reflection.callIds)})`,
          },
    );
  return [{ title: 'What came of it', lines }];
}

function memoryText(outcome: TradeOutcome): string {
  const { rMultiple } = outcome;
  const multiple = rMultiple === null ? 'its risk is not known' : `${rMultiple.toFixed(2)} times its risk`;
  return `${multiple}; ${reachText(outcome)}`;
}

function calls(list: readonly CallRecord[], raw: boolean): Section {
  return {
    title: 'Calls of models',
    ...(raw ? {} : { gist: 'with what they answered: --raw' }),
    lines: list.map((call) => ({
      label: `#${call.callId} ${call.role}`,
      mark: call.outcome === 'answered' ? Mark.Good : Mark.Bad,
      text: callText(call),
      ...(raw && { verbatim: call.rawAnswer ?? '(no answer)' }),
    })),
  };
}

function callText({
  model,
  prompt,
  promptVersion,
  outcome,
  failure,
  latencyMs,
  costUsd,
  inputTokens,
  outputTokens,
}: CallRecord): string {
  const parts = [
    `${model}, prompt ${prompt} v${promptVersion}`,
    outcome === null
      ? 'its end was never recorded'
      : latencyMs === null
        ? outcome
        : `${outcome} after ${latencyMs} ms`,
    inputTokens === null ? '' : `${inputTokens} + ${outputTokens ?? 0} tokens`,
    costUsd === null ? '' : `$${costUsd}`,
    failure ?? '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function temporal({ workflowId, runId, url }: DecisionRun, { recordedAt }: DecisionRecord): Section {
  return {
    title: 'Temporal',
    lines: [
      { label: 'workflow', text: workflowId },
      {
        label: 'run',
        text: runId ?? `${NOT_RECORDED}: the workflow has one run as long as its history is kept`,
      },
      { label: 'web ui', text: url ?? 'where it is, nobody has said (temporal.uiUrl)' },
      { label: 'journaled', text: `${recordedAt} (wall time)` },
    ],
  };
}
