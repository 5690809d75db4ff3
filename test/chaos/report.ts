import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { describeGoal, type Goal } from './goals';
import type { Entry } from './chronicle';
import type { Figures, Verdict } from './judge';
import type { ChaosOptions } from './options';
import { describeEvent, scheduleOf } from './schedule';
import type { Span } from './statistics';
import { STRATEGIES } from './strategies';
import type { Outcome } from './run';
import { timeline } from './timeline';

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

/** What a report says beyond the verdict. */
export interface Circumstances {
  readonly commit: string | null;
  readonly startMs: number;
  readonly selfHalts: number;
  readonly faultStrikes: number;
}

export function reportOf(
  { seed, minutes, speed, workers }: ChaosOptions,
  { commit, startMs, selfHalts, faultStrikes }: Circumstances,
  { verdict, agreed }: Outcome,
): Report {
  const excusedMs = verdict.exposures.map((exposure) => exposure.excusedMs);
  return {
    ...verdict.figures,
    seed,
    minutes,
    speed,
    workers,
    commit,
    date: new Date(startMs).toISOString(),
    agreed,
    selfHalts,
    positions: verdict.exposures.length,
    faultStrikes,
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

/** A run that came to a verdict. */
export interface Judged {
  readonly outcome: Outcome;
  readonly report: Report;
}

/** A run that did not, and what kept it from that. */
export interface Failed {
  readonly failure: string;
  readonly commit: string | null;
  readonly startMs: number;
}

/**
 * Fills the folder of a run with what explains it, however it ended: summary.md, timeline.md and schedule.md, beside the
 * logs; figures.json when it was judged.
 * @param entries everything that could be told, in any order
 */
export function writeFolder(
  folder: string,
  options: ChaosOptions,
  ending: Judged | Failed,
  entries: readonly Entry[],
): void {
  const write = (name: string, text: string): void => {
    writeFileSync(join(folder, name), text);
  };
  const problems = entries.filter(({ source }) => source === 'problem');
  const told =
    'failure' in ending
      ? [...failed(options, ending), ...problemsOf(problems), ...logTails(folder)]
      : [...judged(options, ending.outcome, ending.report), ...problemsOf(problems)];
  write('summary.md', told.join('\n'));
  if ('report' in ending) write('figures.json', `${JSON.stringify(ending.report, null, 2)}\n`);
  const events = scheduleOf(options.seed, options.minutes, STRATEGIES.length);
  const lines = events.map((event) => `- ${(event.atMs / 1000).toFixed(3)} s: ${describeEvent(event)}`);
  write('schedule.md', `# Schedule of seed ${options.seed}\n\n${lines.join('\n')}\n`);
  write('timeline.md', timeline(`Chaos of seed ${options.seed}`, entries));
}

function failed(
  { seed, minutes, speed, workers }: ChaosOptions,
  { failure, commit, startMs }: Failed,
): readonly string[] {
  return [
    `# Chaos of seed ${seed}, ${minutes} minutes: failed`,
    '',
    `It was not judged: ${failure}`,
    '',
    ...[`- speed: ${speed}`, `- workers: ${workers}`, `- commit: ${String(commit)}`],
    `- date: ${new Date(startMs).toISOString()}`,
    '',
  ];
}

function problemsOf(problems: readonly Entry[]): readonly string[] {
  const lines = problems.map(({ wallMs, text }) => `- ${clock(wallMs)}: ${text}`);
  return ['## Problems of the harness', '', ...(lines.length === 0 ? ['None.'] : lines), ''];
}

/** How many lines of each log are shown. */
const TAIL_LINES = 15;

/** What every process said last: where a run fails before anything is judged, that is most of what there is. */
function logTails(folder: string): readonly string[] {
  const isLog = (name: string): boolean => name.endsWith('.log') && !name.startsWith(`postgres${sep}`);
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(isLog).sort();
  return names.flatMap((name) => {
    const lines = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n').slice(-TAIL_LINES);
    return [`## The end of ${name}`, '', '```', ...lines, '```', ''];
  });
}

function judged({ strict }: ChaosOptions, { verdict, leftOut }: Outcome, report: Report): readonly string[] {
  const { goals, ...figures } = report;
  const told = verdict.differences.map(({ kind, text }) => `- **${kind}**: ${text}`);
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
    ...longestExposed(verdict),
    '',
    '## Slowest to resume',
    '',
    ...slowestToResume(verdict),
    '',
    ...history,
  ];
}

const longestExposed = ({ exposures }: Verdict): readonly string[] =>
  [...exposures]
    .sort((a, b) => b.unprotectedMs - a.unprotectedMs)
    .slice(0, WORST)
    .flatMap(({ positionId, unprotectedMs, answeredMs, spans, excuses }) => {
      const when = spans.map(spanText).join(', ');
      return [
        `- ${seconds(unprotectedMs)} s, ${seconds(answeredMs)} s of it while the exchange answered, \`${positionId}\`: ${when}`,
        ...excuses.map((excuse) => `  - not its own: ${spanText(excuse)}, ${excuse.why}`),
      ];
    });

const slowestToResume = ({ resumptions }: Verdict): readonly string[] =>
  [...resumptions]
    .sort((a, b) => b.tookMs - a.tookMs)
    .slice(0, WORST)
    .map(
      ({ tookMs, strike, what }) =>
        `- ${seconds(tookMs)} s after the kill of ${strike.targets.join(' + ')} at ${clock(strike.killedMs)}: ${what}`,
    );

const spanText = ({ fromMs, toMs }: Span): string => `${clock(fromMs)} for ${toMs - fromMs} ms`;
const clock = (wallMs: number): string => new Date(wallMs).toISOString().slice(11, 23);
const seconds = (ms: number): string => (ms / 1000).toFixed(3);
