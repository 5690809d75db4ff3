import { median } from '../statistics';
import { agreementText, count, type Agreement } from './agreement';

/** What an engine took for the task. Times are processor time. */
export interface EngineCost {
  readonly version: string;
  /** Bars in memory to trades, run after run. */
  readonly engineMs: readonly number[];
  /** The whole process: start, reading the bars, all of its runs. */
  readonly processMs: number;
  readonly peakBytes: number;
}

/** A line of the table. */
export type PeerRow =
  | {
      readonly name: string;
      readonly cost: EngineCost;
      /** On the bars of the task, and on wild ones; null for ourselves. */
      readonly agreement: Agreement | null;
      readonly wild: Agreement | null;
      /** What it does otherwise, or cannot express. */
      readonly note: string;
    }
  | { readonly name: string; readonly failure: string };

const HEAD = ['', 'engine', '× Ballast', 'process', 'memory', 'same trades', 'on wild bars'] as const;

/** The table in Markdown, and under it one line for each engine on what it does otherwise. `ours` is Ballast's own row. */
export function peerTable(ours: EngineCost, trades: number, rows: readonly PeerRow[]): string {
  const own = [`**Ballast** ${ours.version}`.trim(), ...costCells(ours, ours), `${count(trades)} trades`, ''];
  const lines = [
    HEAD,
    HEAD.map((_, at) => (at === 0 ? '---' : '--:')),
    own,
    ...rows.map((row) => cells(row, ours)),
  ];
  const notes = rows
    .map((row) => ('failure' in row ? undefined : noteOf(row)))
    .filter((note) => note !== undefined);
  return [...lines.map((line) => `| ${line.join(' | ')} |`), '', ...notes.map((note) => `- ${note}`)].join(
    '\n',
  );
}

function cells(row: PeerRow, ours: EngineCost): readonly string[] {
  if ('failure' in row)
    return [row.name, `not measured: ${row.failure.replaceAll('|', '/')}`, ...HEAD.slice(2).map(() => '')];
  const { name, cost, agreement, wild } = row;
  const told = (one: Agreement | null): string => (one === null ? '' : agreementText(one));
  return [`${name} ${cost.version}`, ...costCells(cost, ours), told(agreement), told(wild)];
}

/** The first run of an engine that compiles itself is not what it takes: the median is of the others, where there are any. */
export function engineTime({ engineMs }: EngineCost): number {
  return median(engineMs.length > 1 ? engineMs.slice(1) : engineMs);
}

function costCells(cost: EngineCost, ours: EngineCost): readonly string[] {
  const times = engineTime(cost) / engineTime(ours);
  return [
    duration(engineTime(cost)),
    cost === ours ? '1' : count(Number(times.toPrecision(2))),
    duration(cost.processMs),
    `${Math.round(cost.peakBytes / 2 ** 20)} MB`,
  ];
}

function noteOf({ name, cost, note, agreement, wild }: Extract<PeerRow, { cost: EngineCost }>): string {
  const [first] = cost.engineMs;
  const compiled =
    cost.engineMs.length > 1 && first !== undefined && first > 2 * engineTime(cost)
      ? ` Its first run, which compiles, took ${duration(first)}.`
      : '';
  const differing = [agreement?.first, wild?.first].find((one) => one != null);
  return `${name}: ${note}${compiled}${differing === undefined ? '' : ` First that differs: ${differing}.`}`;
}

/** Three digits that count, in the unit that suits. */
export const duration = (ms: number): string =>
  ms < 1_000 ? `${Number(ms.toPrecision(3))} ms` : `${Number((ms / 1_000).toPrecision(3))} s`;
