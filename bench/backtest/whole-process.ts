import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { BarColumns } from '../../domain/bar-columns';

const ROOT = resolve(__dirname, '../..');

/** Writes bars as a folder of data has them. */
export function writeBarFile(folder: string, bars: BarColumns): void {
  mkdirSync(join(folder, 'spot/1m'), { recursive: true });
  const lines = Array.from({ length: bars.length }, (_, at) =>
    [bars.openTimeMs[at], bars.open[at], bars.high[at], bars.low[at], bars.close[at], bars.volume[at]].join(
      ',',
    ),
  );
  const text = `timestamp_ms,open,high,low,close,volume\n${lines.join('\n')}\n`;
  writeFileSync(join(folder, 'spot/1m/BTC_USDT.csv.gz'), gzipSync(text, { level: 1 }));
}

/** What a process took. */
interface ProcessCost {
  /** On the wall, from start to end. */
  readonly ms: number;
  readonly processorMs: number;
  /** The most memory it has had. */
  readonly bytes: number;
}

/** The reference task as a command of its own, from start to written result. */
export function runProcess(folder: string, bars: string): ProcessCost {
  const rules = join(folder, 'rules.json');
  writeFileSync(
    rules,
    JSON.stringify({ bracketFrom: 'fill', sizing: { kind: 'cash-fraction', fraction: 0.1 } }),
  );
  const params = ['minAdx=null', 'maxRsi=70', 'stopFraction=0.02', 'targetFraction=0.04', 'trailAtr=null'];
  const result = join(folder, 'result.json');
  const began = process.hrtime.bigint();
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      ...['--require', join(__dirname, 'usage.cjs'), join(ROOT, 'dist/cli/main.js'), 'backtest'],
      ...['--strategy', 'ema-cross', ...params.flatMap((param) => ['--param', param])],
      ...['--symbol', 'BTC/USDT', '--timeframe', '1m', '--data', bars, '--rules', rules],
      ...['--balance', '100000', '--json', result, '--no-peers'],
    ],
    { cwd: folder, env: { PATH: process.env.PATH, HOME: folder }, encoding: 'utf8' },
  );
  const ms = Number(process.hrtime.bigint() - began) / 1e6;
  const usage = /usage (\d+) bytes ([\d.]+) ms/.exec(stderr);
  if (status !== 0 || usage === null) throw new Error(`The backtest failed: ${stderr}`);
  return { ms, bytes: Number(usage[1]), processorMs: Number(usage[2]) };
}
