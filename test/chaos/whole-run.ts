import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Servers } from '../crash/harness/servers';
import { within } from '../crash/harness/wait';
import { Chronicle, explain } from './chronicle';
import { describeGoal } from './goals';
import { LIMITS, watchdogMs } from './limits';
import type { ChaosOptions } from './options';
import { isGood, reportOf, writeFolder, writeJson, type Failed, type Judged } from './report';
import type { Run } from './run';
import { gather } from './timeline';

/** What a run stands on, and whoever listens. */
export interface Setting {
  readonly servers: Pick<Servers, 'folder' | 'close'>;
  /** Opens the world; it may fail, or never end. */
  readonly open: (chronicle: Chronicle) => Promise<Run>;
  /** What is run, or null outside of a clone. */
  readonly commit: string | null;
  readonly print: (line: string) => void;
  /** Reject when something throws that nobody waits for. */
  readonly surprises?: readonly Promise<never>[];
  /** Other limits than the usual ones, for tests. */
  readonly limits?: { readonly watchdogMs: number; readonly explainMs: number; readonly closeMs: number };
}

const limitsFor = ({ minutes }: ChaosOptions): NonNullable<Setting['limits']> => ({
  watchdogMs: watchdogMs(minutes),
  explainMs: LIMITS.explain,
  closeMs: LIMITS.close,
});

/**
 * One run from opening its world to closing it. However it ends (in its time, with a step that throws, or cut off by the
 * watchdog), the folder that is kept explains it, and the servers are closed.
 * @returns whether it was a good one
 */
export async function wholeRun(options: ChaosOptions, setting: Setting): Promise<boolean> {
  const { servers, commit, print } = setting;
  const limits = setting.limits ?? limitsFor(options);
  const chronicle = new Chronicle();
  const began: { run?: Run; readonly startMs: number } = { startMs: Date.now() };
  const live = async (): Promise<Judged> => {
    const run = await opened(setting, chronicle);
    began.run = run;
    await run.play();
    const outcome = await run.finish();
    const { startMs, selfHalts } = run;
    const circumstances = { commit, startMs, selfHalts, faultStrikes: run.faultStrikes() };
    return { outcome, report: reportOf(options, circumstances, outcome) };
  };
  const alive = (): Promise<Judged> => Promise.race([live(), ...(setting.surprises ?? [])]);
  const ending = await within(limits.watchdogMs, alive).catch((error: unknown): Failed => {
    const failure = explain(error);
    chronicle.note('problem', `the run failed: ${failure}`);
    return { failure, commit, startMs: began.startMs };
  });
  const { run } = began;
  tell(ending, print);
  const written = 'report' in ending && saved(options, ending, print);
  const good = written && isGood(ending.report, options.strict);
  const keep = !good || options.keep;
  if (keep) {
    const notes = { name: 'the chronicle', read: () => chronicle.entries };
    const sources = run?.sources('outcome' in ending ? ending.outcome : null) ?? [];
    writeFolder(servers.folder, options, ending, await gather([notes, ...sources], limits.explainMs));
  }
  await close(servers, run, { keep, limitMs: limits.closeMs / 2, print });
  if (keep) print(`${good ? 'Kept' : 'Not good; see'} ${servers.folder}`);
  return good;
}

const opened = ({ open }: Setting, chronicle: Chronicle): Promise<Run> =>
  within(LIMITS.open, () => open(chronicle)).catch((error: unknown) => {
    throw new Error('the world did not open', { cause: error });
  });

function tell(ending: Judged | Failed, print: (line: string) => void): void {
  if ('failure' in ending) {
    print(`The run failed: ${ending.failure}`);
    return;
  }
  print(JSON.stringify(ending.report, null, 2));
  for (const goal of ending.report.goals) print(describeGoal(goal));
  for (const { kind, text } of ending.outcome.verdict.differences) print(`${kind}: ${text}`);
}

/** Writes the figures where they were asked for. @returns false when they cannot be */
function saved({ json }: ChaosOptions, { report }: Judged, print: (line: string) => void): boolean {
  try {
    if (json !== null) writeJson(json, report);
    return true;
  } catch (error) {
    print(`--json: ${explain(error)}`);
    return false;
  }
}

/** Closes what is still there; what does not answer any more must not keep the run from ending. */
async function close(
  servers: Setting['servers'],
  run: Run | undefined,
  told: { readonly keep: boolean; readonly limitMs: number; readonly print: Setting['print'] },
): Promise<void> {
  const attempt = (act: () => Promise<void>): Promise<void> =>
    within(told.limitMs, act).catch((error: unknown) => {
      told.print(`Closing: ${explain(error)}`);
    });
  if (run !== undefined) await attempt(() => run.close());
  await attempt(() => servers.close({ keep: told.keep }));
  const data = join(servers.folder, 'postgres');
  if (told.keep) await attempt(() => rm(data, { recursive: true, force: true }));
}
