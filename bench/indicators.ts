import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { BarColumns } from '../domain/bar-columns';
import { compute, stream } from '../domain/indicators/registry';
import type { ParsedSpec } from '../domain/indicators/spec';
import { ArgumentError, parseBenchArguments } from './arguments';
import { syntheticBars } from './indicators/bars';
import { CASES, type IndicatorCase } from './indicators/cases';
import { writeJson } from './json-file';
import { processorMs } from './processor-time';
import type { Measurement } from './measurement';
import { figure, table } from './report';
import { interleave, median, ratio } from './statistics';

/** A year of minutes. */
const BARS = 525_600;
const ROUNDS = 15;
/** Until both have been compiled as far as they will be: that work counts as theirs. */
const WARM_UP = 15;

/**
 * `npm run bench:indicators -- [--only a,b] [--json FILE]`: nanoseconds of processor time per bar of every kind of indicator, over the whole
 * column and bar by bar, each in turn with a plain loop that copies a column; TA-Lib's figures beside them where
 * `BALLAST_BENCH_TA_LIB` names a Python that has it.
 * @returns the exit code: 0, or 2 when the arguments are wrong
 */
export async function runIndicatorBench(args: readonly string[]): Promise<number> {
  try {
    const { only, jsonFile } = parseBenchArguments(args, Object.keys(CASES));
    const cases = Object.entries(CASES).filter(([name]) => only.includes(name));
    const columns = syntheticBars(BARS);
    const rows = await measureAll(columns, cases);
    const taLib = await timeTaLib(columns, cases);
    process.stdout.write(`${describe(rows, taLib)}\n`);
    if (jsonFile !== undefined) writeJson(jsonFile, toRecord(rows, taLib));
    return 0;
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

type Cases = readonly (readonly [name: string, example: IndicatorCase])[];

interface Timing extends Measurement {
  /** The shortest run of all: what the machine can when nobody else has it. */
  readonly least: number;
}

interface Row {
  readonly name: string;
  readonly batch: Timing;
  readonly streaming: Timing;
}

async function measureAll(columns: BarColumns, cases: Cases): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const [name, { spec }] of cases) {
    process.stderr.write(`measuring ${name} …\n`);
    rows.push({
      name,
      batch: await measure(columns, () => compute(columns, spec)),
      streaming: await measure(columns, () => streamAll(columns, spec)),
    });
  }
  return rows;
}

/** Nanoseconds per bar of a run, and of a copy of one column in turn with it. */
async function measure(columns: BarColumns, run: () => unknown): Promise<Timing> {
  const { subject, baseline } = await interleave({
    subject: () => nanosecondsPerBar(run),
    baseline: () => nanosecondsPerBar(() => copy(columns.close)),
    pairs: ROUNDS,
    warmUp: WARM_UP,
  });
  const value = median(subject);
  const bare = median(baseline);
  return { value, unit: 'ns', baseline: bare, ratio: ratio(value, bare), least: Math.min(...subject) };
}

const nanosecondsPerBar = async (run: () => unknown): Promise<number> =>
  ((await processorMs(run)) * 1e6) / BARS;

function copy(values: Float64Array): Float64Array {
  const out = new Float64Array(values.length);
  for (let i = 0; i < out.length; i += 1) out[i] = values[i] ?? NaN;
  return out;
}

function streamAll(columns: BarColumns, spec: ParsedSpec): Float64Array {
  const indicator = stream(spec);
  const { open, high, low, close, volume, openTimeMs } = columns;
  for (let i = 0; i < columns.length; i += 1) {
    indicator.next(
      open[i] ?? NaN,
      high[i] ?? NaN,
      low[i] ?? NaN,
      close[i] ?? NaN,
      volume[i] ?? NaN,
      openTimeMs[i] ?? NaN,
    );
  }
  return indicator.values;
}

const taLibReport = z.object({
  version: z.string(),
  results: z.record(z.string(), z.object({ value: z.number(), baseline: z.number(), least: z.number() })),
});
type TaLibReport = z.infer<typeof taLibReport>;

/** TA-Lib's own figures on the same bars; null where there is no Python with it. */
async function timeTaLib(columns: BarColumns, cases: Cases): Promise<TaLibReport | null> {
  const python = process.env.BALLAST_BENCH_TA_LIB;
  if (python === undefined) return null;
  process.stderr.write('measuring TA-Lib …\n');
  const calls = cases.flatMap(([name, { taLib }]) =>
    taLib === null ? [] : [[name, taLib.function, taLib.inputs, taLib.parameters]],
  );
  const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
  try {
    const file = join(folder, 'bars');
    const { open, high, low, close, volume } = columns;
    writeFileSync(file, Buffer.concat([open, high, low, close, volume].map(bytesOf)));
    const script = join(__dirname, 'indicators/ta-lib.py');
    const output = await answerOf(
      python,
      [script, file, String(BARS), String(ROUNDS)],
      JSON.stringify(calls),
    );
    return taLibReport.parse(JSON.parse(output));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const bytesOf = (column: Float64Array): Uint8Array =>
  new Uint8Array(column.buffer, column.byteOffset, column.byteLength);

/** What a program prints when it is told `input`. */
function answerOf(command: string, args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(new Error(error.message));
    });
    child.stdin?.end(input);
  });
}

const HEAD = [
  '',
  'ns per bar',
  'least',
  'copy',
  'ratio',
  'bar by bar',
  'TA-Lib',
  'least',
  'its copy',
] as const;

function describe(rows: readonly Row[], taLib: TaLibReport | null): string {
  const lines = rows.map(({ name, batch, streaming }) => {
    const theirs = taLib?.results[name];
    const cells = [batch.value, batch.least, batch.baseline, batch.ratio, streaming.value];
    return [name, ...[...cells, theirs?.value, theirs?.least, theirs?.baseline].map(shown)];
  });
  const beside = taLib === null ? 'without TA-Lib' : `TA-Lib ${taLib.version} in a process of its own`;
  const how = `Processor time, medians of ${ROUNDS} rounds over ${BARS} bars, in turn with a loop that copies one column; ${beside}.`;
  return [table([HEAD, ...lines]), '', how].join('\n');
}

const shown = (value: number | null | undefined): string => (value == null ? '' : figure(value));

function toRecord(rows: readonly Row[], taLib: TaLibReport | null): Readonly<Record<string, Timing>> {
  const ours = rows.flatMap(({ name, batch, streaming }) => [
    [name, batch] as const,
    [`${name}.barByBar`, streaming] as const,
  ]);
  const theirs = Object.entries(taLib?.results ?? {}).map(
    ([name, timing]) =>
      [`${name}.taLib`, { ...timing, unit: 'ns', ratio: ratio(timing.value, timing.baseline) }] as const,
  );
  return Object.fromEntries([...ours, ...theirs]);
}
