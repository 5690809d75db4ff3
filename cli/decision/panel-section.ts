import type { DecisionRecord } from '../../adapters/store/decision-record';
import { trendText } from '../../domain/deliberation/brief';
import { readSeatAnswer } from '../../domain/deliberation/answers';
import { SEAT_TITLES } from '../../domain/deliberation/seats';
import { PanelOutcome } from '../../domain/deliberation/verdict';
import { Mark, type Line, type Section } from './page';

/** `, calls #7 #8` */
export const callsText = (ids: readonly string[]): string =>
  ids.length === 0 ? '' : `, ${ids.length === 1 ? 'call' : 'calls'} ${ids.map((id) => `#${id}`).join(' ')}`;

const VERDICTS: Readonly<Record<PanelOutcome, string>> = {
  [PanelOutcome.Confirm]: 'confirmed the entry',
  [PanelOutcome.Shrink]: 'made the entry smaller',
  [PanelOutcome.Veto]: 'vetoed the entry',
  [PanelOutcome.Without]: 'too few seats answered: decided without it',
  [PanelOutcome.Off]: 'was off',
};

/** What each seat of the panel said, and what came of it; nothing when none was asked. */
export function panelSections({
  panel,
  decision,
}: Pick<DecisionRecord, 'panel' | 'decision'>): readonly Section[] {
  if (panel === null) return [];
  const { outcome, sizeFactor, answers, brief, reasons } = panel;
  const factor = sizeFactor === null || sizeFactor === '1' ? '' : `: ${sizeFactor} of its size`;
  const [ruling] = reasons;
  const prediction = brief?.trend.prediction ?? null;
  const trend =
    brief === null || prediction === null
      ? { label: 'trend', mark: Mark.Missing, text: 'not known' }
      : { label: 'trend', mark: Mark.Plain, text: trendText(brief.trend) };
  return [
    {
      title: 'Panel',
      gist:
        outcome === null ? 'never came to a verdict: its cycle has ended' : `${VERDICTS[outcome]}${factor}`,
      lines: [
        trend,
        ...(brief?.memories ?? []).map((text) => ({ label: 'was reminded of', mark: Mark.Plain, text })),
        ...answers.map(seatLine),
        ...(ruling === undefined || decision.reasons.some(({ code }) => code === ruling.code)
          ? []
          : [{ label: 'verdict', mark: Mark.Plain, text: ruling.text }]),
      ],
    },
  ];
}

function seatLine({
  seat,
  round,
  answer,
  failure,
  outcome,
  model,
  callIds,
}: NonNullable<DecisionRecord['panel']>['answers'][number]): Line {
  const said = readSeatAnswer(seat, answer);
  const who = `round ${round}${model === null ? '' : `, ${model}`}${callsText(callIds)}`;
  const label = SEAT_TITLES[seat];
  if (said === null)
    return {
      label,
      mark: Mark.Missing,
      text: `no answer (${outcome}): ${failure ?? 'not a valid one'} (${who})`,
    };
  const { verdict, sizeFactor, reasons, confidence } = said;
  const what = verdict === 'shrink' ? `shrink to ${sizeFactor}` : verdict;
  const mark = verdict === 'confirm' ? Mark.Good : Mark.Bad;
  return { label, mark, text: `${what}, confidence ${confidence.toFixed(2)}: ${reasons.join(' ')} (${who})` };
}
