import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describeGoal, type Goal } from './goals';
import type { Figures } from './judge';
import type { ChaosOptions } from './options';
import { describeEvent, scheduleOf } from './schedule';
import type { Span } from './statistics';
import { STRATEGIES } from './strategies';
import type { ChaosRun, Outcome } from './run';
import { exchangeEntries, journalEntries, timeline } from './timeline';

/** What `--json` writes: the figures, and which run they are of. */
export interface Report extends Figures {
  readonly seed: number;
  readonly minutes: number;
  readonly speed: number;
  readonly workers: number;
  /** What was run: short hash, with `+` when the files differed from it; null outside of a clone. */
  readonly commit: string | null;
  /** When the run began, ISO 8601 in UTC. */
  readonly date: string;
  readonly agreed: boolean;
  /** Halts and reductions that the account made by itself. */
  readonly selfHalts: number;
  readonly positions: number;
  /** How often the planned faults struck. */
  readonly faultStrikes: number;
  /** What the exchange's silence cost: the time between the two unprotected figures, of the position that had most of it. */
  readonly excusedSecondsMax: number;
  readonly goals: readonly Goal[];
}

export function reportOf(
  options: ChaosOptions,
  run: ChaosRun,
  outcome: Outcome,
  commit: string | null,
): Report {
  const { verdict, agreed } = outcome;
  const { seed, minutes, speed, workers } = options;
  const excusedMs = verdict.exposures.map((exposure) => exposure.excusedMs);
  return {
    ...verdict.figures,
    seed,
    minutes,
    speed,
    workers,
    commit,
    date: new Date(run.startMs).toISOString(),
    agreed,
    selfHalts: run.selfHalts,
    positions: verdict.exposures.length,
    faultStrikes: run.world.exchange.faultLog().length,
    excusedSecondsMax: Math.round(Math.max(0, ...excusedMs)) / 1000,
    goals: verdict.goals,
  };
}

/**
 * A run is good when nothing was doubled, lost or orphaned, and everything came to rest. The goals of time depend on the
 * machine, too: they are told, and only a strict run has to meet them.
 */
export const isGood = ({ duplicates, lost, orphaned, agreed, goals }: Report, strict: boolean): boolean =>
  duplicates === 0 &&
  lost === 0 &&
  orphaned === 0 &&
  agreed &&
  (!strict || goals.every(({ isMet }) => isMet));

export function writeJson(path: string, report: Report): void {
  const file = resolve(path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
}

/** How many of the worst are told by name. */
const WORST = 15;

/** Fills the folder of a run with what explains it: summary.md, timeline.md and schedule.md, beside the logs. */
export async function writeFolder(
  folder: string,
  options: ChaosOptions,
  run: ChaosRun,
  outcome: Outcome,
  report: Report,
): Promise<void> {
  const { world, chronicle } = run;
  const write = (name: string, text: string): void => {
    writeFileSync(join(folder, name), text);
  };
  write('summary.md', summary(options, outcome, report));
  write('figures.json', `${JSON.stringify(report, null, 2)}\n`);
  const events = scheduleOf(options.seed, options.minutes, STRATEGIES.length);
  const lines = events.map((event) => `- ${(event.atMs / 1000).toFixed(3)} s: ${describeEvent(event)}`);
  write('schedule.md', `# Schedule of seed ${options.seed}\n\n${lines.join('\n')}\n`);
  const entries = [
    ...chronicle.entries,
    ...world.unserved.map(({ fromMs, toMs, key, why }) => ({
      wallMs: fromMs,
      source: 'wire',
      text: `${key} was not served for ${toMs - fromMs} ms: ${why}`,
    })),
    ...world.exchange.faultLog().map(({ wallTimeMs, kind, endpoint, clientOrderId }) => ({
      wallMs: wallTimeMs,
      source: 'strike',
      text: `${kind} strikes ${endpoint}${clientOrderId === null ? '' : ` \`${clientOrderId}\``}`,
    })),
    ...exchangeEntries(world.exchange.history()),
    ...(await journalEntries(world.pool, world.account.account)),
    ...outcome.failures,
  ];
  write('timeline.md', timeline(`Chaos of seed ${options.seed}`, entries));
}

function summary({ strict }: ChaosOptions, { verdict, leftOut }: Outcome, report: Report): string {
  const { differences, exposures, resumptions } = verdict;
  const { goals, ...figures } = report;
  const told = differences.map(({ kind, text }) => `- **${kind}**: ${text}`);
  const exposed = [...exposures]
    .sort((a, b) => b.unprotectedMs - a.unprotectedMs)
    .slice(0, WORST)
    .flatMap(({ positionId, unprotectedMs, answeredMs, spans, excuses }) => {
      const when = spans.map(spanText).join(', ');
      return [
        `- ${seconds(unprotectedMs)} s, ${seconds(answeredMs)} s of it while the exchange answered, \`${positionId}\`: ${when}`,
        ...excuses.map((excuse) => `  - not its own: ${spanText(excuse)}, ${excuse.why}`),
      ];
    });
  const slow = [...resumptions]
    .sort((a, b) => b.tookMs - a.tookMs)
    .slice(0, WORST)
    .map(
      ({ tookMs, strike, what }) =>
        `- ${seconds(tookMs)} s after the kill of ${strike.targets.join(' + ')} at ${clock(strike.killedMs)}: ${what}`,
    );
  const history = leftOut === 0 ? [] : [`${leftOut} workflow histories were not read for want of time.`, ''];
  return [
    `# Chaos of seed ${report.seed}, ${report.minutes} minutes: ${isGood(report, strict) ? 'good' : 'not good'}`,
    '',
    ...goals.map((goal) => `- ${describeGoal(goal)}`),
    '',
    ...Object.entries(figures).map(([name, value]) => `- ${name}: ${String(value)}`),
    '',
    '## Differences',
    '',
    ...(told.length === 0 ? ['None.'] : told),
    '',
    '## Longest without protection',
    '',
    ...exposed,
    '',
    '## Slowest to resume',
    '',
    ...slow,
    '',
    ...history,
  ].join('\n');
}

const spanText = ({ fromMs, toMs }: Span): string => `${clock(fromMs)} for ${toMs - fromMs} ms`;
const clock = (wallMs: number): string => new Date(wallMs).toISOString().slice(11, 23);
const seconds = (ms: number): string => (ms / 1000).toFixed(3);
