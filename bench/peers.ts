import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { BarColumns } from '../domain/bar-columns';
import { messageOf } from '../workers/system-error';
import { ArgumentError, parsePeerArguments } from './arguments';
import { REFERENCE_BALANCE, referenceBars, referenceStrategy, runReference } from './backtest/reference-task';
import { runProcess, writeBarFile } from './backtest/whole-process';
import { writeJson } from './json-file';
import { compareTrades, RETURN_TOLERANCE, type Agreement } from './peers/agreement';
import { PEERS, type Peer } from './peers/peers';
import { engineTime, peerTable, type EngineCost, type PeerRow } from './peers/rows';
import { runAdapter } from './peers/run-adapter';
import { peerTrade, type PeerTrade } from './peers/trade';
import { wildBars } from './peers/wild-bars';
import { processorMs } from './processor-time';
import { median } from './statistics';

const MINUTE_MS = 60_000;
const ROUNDS = 15;
const PROCESSES = 3;

/** For each environment its interpreter, or why there is none. */
const pythonsSchema = z.record(
  z.string(),
  z.union([z.object({ python: z.string() }), z.object({ reason: z.string() })]),
);

/**
 * `npm run bench:peers -- [--only a,b] [--bars N] [--json FILE]`: the reference task by Ballast and by other engines on the same bars,
 * their trades compared; prints a table in Markdown.
 * @returns the exit code: 0, or 2 when the arguments are wrong
 */
export async function runPeerBench(args: readonly string[]): Promise<number> {
  try {
    const { only, bars: length, jsonFile } = parsePeerArguments(args, PEERS);
    const pythons = pythonsSchema.parse(JSON.parse(process.env.BALLAST_BENCH_PEERS ?? '{}'));
    const loadBefore = loadavg()[0] ?? NaN;
    const bars = referenceBars(length);
    const measured = await measureOwn(bars);
    const scene: Scene = { bars, ...measured, wild: wildBars(bars.openTimeMs[0] ?? 0, MINUTE_MS) };
    const rows: PeerRow[] = [];
    for (const peer of PEERS.filter(({ name }) => only.includes(name)))
      rows.push(await rowOf(peer, pythons[peer.package], scene));
    process.stdout.write(`${describe(scene, rows, loadBefore)}\n`);
    if (jsonFile !== undefined) writeJson(jsonFile, { bars: length, ballast: measured.cost, peers: rows });
    return 0;
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

interface OwnTrades {
  readonly trades: readonly PeerTrade[];
  readonly openBar: number | null;
}

interface Scene {
  readonly bars: BarColumns;
  readonly wild: BarColumns;
  readonly cost: EngineCost;
  readonly own: OwnTrades;
}

/** The first bar at whose close anybody decides. */
const first = (): number => referenceStrategy().warmupBars - 1;

/** Our trades, and in which bar the one began that was open when the bars ended, which every engine ends in its own way. */
function tradesOn(bars: BarColumns): OwnTrades {
  const all = runReference(bars).trades.map((trade) => ({
    ...peerTrade(trade, bars.openTimeMs[0] ?? 0, MINUTE_MS),
    isOpen: trade.exitReason === 'end-of-data',
  }));
  return {
    trades: all.filter(({ isOpen }) => !isOpen),
    openBar: all.find(({ isOpen }) => isOpen)?.entryBar ?? null,
  };
}

const agreementOn = ({ trades, openBar }: OwnTrades, theirs: readonly PeerTrade[]): Agreement =>
  compareTrades(
    trades,
    theirs.filter(({ entryBar }) => entryBar !== openBar),
  );

async function measureOwn(bars: BarColumns): Promise<Pick<Scene, 'cost' | 'own'>> {
  process.stderr.write('measuring Ballast …\n');
  const engineMs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) engineMs.push(await processorMs(() => runReference(bars)));
  const folder = mkdtempSync(join(tmpdir(), 'ballast-bench-'));
  try {
    writeBarFile(join(folder, 'data'), bars);
    runProcess(folder, join(folder, 'data'));
    const processes = Array.from({ length: PROCESSES }, () => runProcess(folder, join(folder, 'data')));
    const cost: EngineCost = {
      ...{ version: '', engineMs },
      processMs: median(processes.map((one) => one.processorMs)),
      peakBytes: median(processes.map(({ bytes }) => bytes)),
    };
    return { cost, own: tradesOn(bars) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function rowOf(
  peer: Peer,
  found: { readonly python: string } | { readonly reason: string } | undefined,
  { bars, wild, own }: Scene,
): Promise<PeerRow> {
  const { name, note } = peer;
  if (found === undefined || 'reason' in found)
    return { name, failure: found?.reason ?? 'its environment was not made' };
  process.stderr.write(`measuring ${name} …\n`);
  const common = { first: first(), balance: REFERENCE_BALANCE };
  try {
    const report = await runAdapter(peer, found.python, { bars, ...common, rounds: peer.rounds });
    const onWild = await runAdapter(peer, found.python, { bars: wild, ...common, rounds: 1 });
    const { version, engineMs, processMs, peakBytes } = report;
    return {
      ...{ name, note, cost: { version, engineMs, processMs, peakBytes } },
      agreement: agreementOn(own, report.trades),
      wild: agreementOn(tradesOn(wild), onWild.trades),
    };
  } catch (error) {
    return { name, failure: messageOf(error).slice(0, 300) };
  }
}

function describe({ bars, wild, cost, own }: Scene, rows: readonly PeerRow[], loadBefore: number): string {
  const how = [
    `Processor time on ${bars.length} one-minute bars of a seeded random walk (bench/backtest/random-bars.ts), indicators included;`,
    `Ballast's is the median of ${cost.engineMs.length - 1} runs (${engineTime(cost).toFixed(1)} ms), a peer's of those after its first, or of its only one.`,
    `A process starts, reads the bars, makes all of its runs (Ballast: one, every metric and every trade written). Trades are the same when they begin and end in`,
    `the same bars and earn the same within ${RETURN_TOLERANCE * 100} % of what they bought; one that is open at the end is left out. The wild bars are ${wild.length} with gaps and with ranges that reach stop and target.`,
    `Load of the machine when it began: ${loadBefore.toFixed(1)}, at the end ${(loadavg()[0] ?? NaN).toFixed(1)}.`,
  ].join('\n');
  return `${peerTable(cost, own.trades.length, rows)}\n\n${how}`;
}
