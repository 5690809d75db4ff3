import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { BarColumns } from '../../domain/bar-columns';
import type { Peer } from './peers';
import { peerTradeSchema } from './trade';

const reportSchema = z.object({
  version: z.string(),
  engineMs: z.array(z.number()).min(1),
  processMs: z.number(),
  peakBytes: z.number(),
  trades: z.array(peerTradeSchema),
});
export type PeerReport = Readonly<z.infer<typeof reportSchema>>;

/** A peer that takes longer is given up. */
const LIMIT_MS = 30 * 60_000;
/** Of what it has printed, this much is kept to tell why it failed. */
const KEPT = 4_000;

/**
 * Lets an adapter do the task in a process of its own.
 * @param first the first bar at whose close it may decide
 * @throws Error with the last line that it has printed, when it fails
 */
export async function runAdapter(
  peer: Peer,
  python: string,
  task: {
    readonly bars: BarColumns;
    readonly first: number;
    readonly balance: string;
    readonly rounds: number;
  },
): Promise<PeerReport> {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-peer-'));
  try {
    const [file, out] = [join(folder, 'bars'), join(folder, 'report.json')];
    const { openTimeMs, open, high, low, close, volume, length } = task.bars;
    writeFileSync(file, Buffer.concat([openTimeMs, open, high, low, close, volume].map(bytesOf)));
    const args = [file, length, task.first, task.balance, task.rounds, out].map(String);
    await run(python, [join(__dirname, peer.adapter), ...args], { ...peer.env, HOME: folder });
    return reportSchema.parse(JSON.parse(readFileSync(out, 'utf8')));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const bytesOf = (column: Float64Array): Uint8Array =>
  new Uint8Array(column.buffer, column.byteOffset, column.byteLength);

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: '1', ...env },
      timeout: LIMIT_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-KEPT);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(lastLine(output) ?? `It ended with ${code ?? 'a signal'} and said nothing.`));
    });
  });
}

const lastLine = (text: string): string | undefined =>
  text
    .split('\n')
    .map((line) => line.trim())
    .findLast((line) => line !== '');
