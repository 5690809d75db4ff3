import {
  judgeRecords,
  DifferenceKind,
  type Difference,
  type Records,
} from '../crash/harness/compare-records';
import type { HistoricalChange } from '../../emulator/journal/history';
import { PROOF_OF_ABSENCE_MS } from '../../domain/order-timing';
import { excusesOf, type Silence } from './excuses';
import { goalsOf, type Goal } from './goals';
import { exposures, type Exposure } from './protection';
import { resumptions, type Resumption } from './resume';
import { maximum, percentile } from './statistics';
import { Target } from './schedule';
import type { Downtime, Strike } from './supervisor';
import type { RecordedTask } from './temporal-record';

/** Everything a verdict is made of. */
export interface Evidence {
  readonly records: Records;
  /** What else keeps the system from being at rest, ownerless positions for one. */
  readonly unfinished: readonly Difference[];
  readonly history: readonly HistoricalChange[];
  readonly tasks: readonly RecordedTask[];
  readonly strikes: readonly Strike[];
  readonly downtimes: readonly Downtime[];
  /** When the exchange could not be expected to take orders, its downtimes apart, and what it did not serve. */
  readonly silence: Silence;
  readonly faults: number;
  readonly endMs: number;
}

/** The figures of a run, as `--json` writes them. Seconds of wall time; null when there was nothing to measure. */
export interface Figures {
  readonly kills: number;
  readonly faults: number;
  readonly orders: number;
  readonly fills: number;
  readonly duplicates: number;
  readonly lost: number;
  readonly orphaned: number;
  readonly unprotectedSecondsP50: number | null;
  readonly unprotectedSecondsMax: number | null;
  /** The same without the time in which nobody could have placed the stop of that position. */
  readonly unprotectedAnsweredSecondsMax: number | null;
  /** The same with the time counted in which an answering exchange had yet to prove that it had not got a stop or an exit. */
  readonly unprotectedWithProofsSecondsMax: number | null;
  readonly resumeSecondsP50: number | null;
  readonly resumeSecondsP99: number | null;
  readonly resumeSecondsMax: number | null;
}

export interface Verdict {
  readonly figures: Figures;
  readonly goals: readonly Goal[];
  /** What the two records disagree about, and what was not at rest. */
  readonly differences: readonly Difference[];
  readonly exposures: readonly Exposure[];
  readonly resumptions: readonly Resumption[];
}

/** Judges a run by the exchange's own journal. Pure: the same evidence gives the same verdict. */
export function judge(evidence: Evidence): Verdict {
  const { records, history, strikes, downtimes } = evidence;
  const differences = [...judgeRecords(records), ...evidence.unfinished];
  const down = downtimes
    .filter(({ target }) => target === Target.Exchange)
    .map(({ fromMs, toMs }) => ({ fromMs, toMs: toMs ?? evidence.endMs, why: 'the exchange was down' }));
  const silence = { ...evidence.silence, outages: [...down, ...evidence.silence.outages] };
  const exposedBut = (proofMs: number): readonly Exposure[] =>
    exposures(history, records.journal, evidence.endMs, excusesOf(records.journal, silence, proofMs));
  const exposed = exposedBut(PROOF_OF_ABSENCE_MS);
  const resumed = resumptions(evidence.tasks, strikes, downtimes);
  const count = (kind: DifferenceKind): number =>
    differences.filter((difference) => difference.kind === kind).length;
  const mine = (all: readonly { readonly account: string }[]): number =>
    all.filter(({ account }) => account === records.account).length;
  const unprotectedMs = exposed.map((exposure) => exposure.unprotectedMs);
  const resumeMs = resumed.map(({ tookMs }) => tookMs);
  const figures: Figures = {
    kills: strikes.reduce((sum, { targets }) => sum + targets.length, 0),
    faults: evidence.faults,
    orders: mine(records.exchange.orders),
    fills: mine(records.exchange.trades),
    duplicates: count(DifferenceKind.Duplicate),
    lost: count(DifferenceKind.Lost),
    orphaned: count(DifferenceKind.Orphaned),
    unprotectedSecondsP50: seconds(percentile(unprotectedMs, 50)),
    unprotectedSecondsMax: seconds(maximum(unprotectedMs)),
    unprotectedAnsweredSecondsMax: seconds(maximum(exposed.map(({ answeredMs }) => answeredMs))),
    unprotectedWithProofsSecondsMax: seconds(maximum(exposedBut(0).map(({ answeredMs }) => answeredMs))),
    resumeSecondsP50: seconds(percentile(resumeMs, 50)),
    resumeSecondsP99: seconds(percentile(resumeMs, 99)),
    resumeSecondsMax: seconds(maximum(resumeMs)),
  };
  return { figures, goals: goalsOf(figures), differences, exposures: exposed, resumptions: resumed };
}

const seconds = (ms: number | null): number | null => (ms === null ? null : Math.round(ms) / 1000);
