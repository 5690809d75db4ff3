import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPool } from '../adapters/store/pool';
import { ArgumentError, parseSoakArguments, type SoakArguments } from './arguments';
import { BallastProcess } from './ballast-process';
import { flatness, WARM_UP_SHARE, type Flatness } from './flatness';
import { writeJson } from './json-file';
import { figure, table } from './report';
import { takeSample, type Sample } from './soak-sampler';

const SAMPLE_MS = 10_000;
/** Megabytes an hour by which a process of ours may seem to grow. */
const LIMIT_MB_PER_HOUR = 20;
/** Ours. PostgreSQL and Temporal fill caches of a size of their own, and are shown only. */
const JUDGED: readonly string[] = ['worker', 'inference', 'emulator', 'supervisor'];

/**
 * `npm run soak -- --minutes M [--speed 60] [--json FILE]`: the whole system with its two default strategies for a while.
 * @returns the exit code: 0, 1 when the memory of a process of ours is not flat, 2 when the arguments are wrong
 */
export async function runSoak(args: readonly string[]): Promise<number> {
  try {
    const options = parseSoakArguments(args);
    const samples = await soak(options);
    const judged = judge(samples);
    process.stdout.write(`${describe(samples, judged)}\n`);
    if (options.jsonFile !== undefined) writeJson(options.jsonFile, { ...options, judged, samples });
    return judged.every(({ isJudged, isFlat }) => isFlat || !isJudged) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

async function soak({ minutes, speed }: SoakArguments): Promise<readonly Sample[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-soak-'));
  const probes = join(folder, 'probes');
  mkdirSync(probes);
  const ballast = await BallastProcess.start(folder, {
    BALLAST__market__speed: String(speed),
    BALLAST_PROBE_DIR: probes,
    NODE_OPTIONS: `--require ${join(__dirname, 'probe.cjs')}`,
  });
  const pool = createPool({
    url: ballast.config.postgres.url?.reveal() ?? '',
    applicationName: 'ballast-soak',
    maxConnections: 1,
    onConnectionError: () => undefined,
  });
  try {
    const samples: Sample[] = [];
    const startedMs = performance.now();
    const count = Math.ceil((minutes * 60_000) / SAMPLE_MS);
    for (let index = 0; index <= count; index += 1) {
      await sleep(Math.max(0, index * SAMPLE_MS - (performance.now() - startedMs)));
      const sample = await takeSample(ballast, pool, probes, performance.now() - startedMs);
      samples.push(sample);
      process.stderr.write(`${line(sample)}\n`);
    }
    return samples;
  } finally {
    await pool.end();
    await ballast.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const line = ({ elapsedMs, rssMb, heapMb, cycles, skippedBars, longestHistory }: Sample): string =>
  [
    `${Math.round(elapsedMs / 1_000)} s`.padStart(7),
    ...Object.entries(rssMb).map(([name, mb]) => `${name} ${mb.toFixed(0)}`),
    `heap ${heapMb?.toFixed(0) ?? '–'} MB`,
    `${cycles} cycles`,
    `${skippedBars} skipped`,
    `longest history ${longestHistory}`,
  ].join('  ');

export interface JudgedSeries extends Flatness {
  readonly name: string;
  readonly isJudged: boolean;
}

/** Every process's memory over time, and the worker's heap. */
export function judge(samples: readonly Sample[]): readonly JudgedSeries[] {
  const names = Object.keys(samples[0]?.rssMb ?? {});
  const processes = names.map((name) => {
    const series = samples.map(({ elapsedMs, rssMb }) => [elapsedMs, rssMb[name] ?? 0] as const);
    return { name, isJudged: JUDGED.includes(name), ...flatness(series, LIMIT_MB_PER_HOUR) };
  });
  const heap = samples.flatMap(({ elapsedMs, heapMb }) =>
    heapMb === null ? [] : [[elapsedMs, heapMb] as const],
  );
  return [...processes, { name: 'worker heap', isJudged: true, ...flatness(heap, LIMIT_MB_PER_HOUR) }];
}

const HEAD = ['MB', 'after warm-up', 'at the end', 'highest', 'per hour', 'standard error', ''] as const;

function describe(samples: readonly Sample[], judged: readonly JudgedSeries[]): string {
  const rows = judged.map((series) => [
    series.name,
    series.first.toFixed(1),
    series.last.toFixed(1),
    series.highest.toFixed(1),
    figure(series.slopePerHour),
    figure(series.errorPerHour),
    series.isJudged ? (series.isFlat ? 'flat' : 'GROWS') : 'not judged',
  ]);
  const [first, last] = [samples[0], samples.at(-1)];
  const change = (what: string, of: (sample: Sample) => number | null): string =>
    first === undefined || last === undefined ? '' : `${what} ${of(first) ?? '–'} → ${of(last) ?? '–'}`;
  return [
    table([HEAD, ...rows]),
    '',
    [
      change('open files of the worker', ({ files }) => files),
      change('its handles', ({ handles }) => handles),
      change('connections to PostgreSQL', ({ postgresConnections }) => postgresConnections),
      change('running workflows', ({ runningWorkflows }) => runningWorkflows),
      change('longest history', ({ longestHistory }) => longestHistory),
      change('cycles', ({ cycles }) => cycles),
      change('skipped bars', ({ skippedBars }) => skippedBars),
    ].join('; '),
    `Flat: the slope after the first ${100 * WARM_UP_SHARE} % of the time, less two standard errors, is at most ${LIMIT_MB_PER_HOUR} MB an hour.`,
  ].join('\n');
}
