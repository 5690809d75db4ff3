import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { BallastConfig } from '../../config/config';
import { isAlive, readRuntime, runtimeFile } from '../../config/runtime';
import { UserError } from '../../domain/errors';

/** What a session keeps on the disk; moved away together, for its parts make sense only together. */
const SESSION_PARTS = [
  'postgres',
  'temporal.db',
  'temporal.db-shm',
  'temporal.db-wal',
  'emulator',
  'session.json',
];

const marketSchema = z.object({
  mode: z.string(),
  dataDir: z.string().nullable(),
  seed: z.number().nullable(),
  /** Of a mirrored market: where its data comes from. */
  live: z.string().optional(),
  /** Of a simulated market: made-up news move it. Absent: they do not. */
  news: z.literal(true).optional(),
});
type SessionMarket = z.infer<typeof marketSchema>;

/**
 * Moves the session's data to `archive/<time>` of the state folder. Logs, keys and the deployment id stay.
 * @returns the archive's folder, or undefined when there was nothing to move.
 * @throws UserError while something runs on it.
 */
export function archiveSession(stateDir: string, now: Date): string | undefined {
  const running = readRuntime(runtimeFile(stateDir));
  if (running !== undefined && isAlive(running)) {
    throw new UserError(
      `Ballast is running on ${stateDir} (process ${running.pid}).`,
      'Stop it with Ctrl-C in its terminal before starting a new session.',
    );
  }
  const present = existsSync(stateDir)
    ? readdirSync(stateDir).filter((name) => SESSION_PARTS.includes(name))
    : [];
  if (present.length === 0) return undefined;
  const archive = join(stateDir, 'archive', now.toISOString().replace(/[:.]/g, '-'));
  mkdirSync(archive, { recursive: true });
  for (const name of present) renameSync(join(stateDir, name), join(archive, name));
  return archive;
}

/**
 * Binds the session to its market on the first start, and holds later starts to it: half a session on another market
 * would make nonsense of its orders. Whether news move it is decided then, too, and settings of later starts are passed over.
 * @returns whether made-up news move the market of this session
 * @throws UserError when the market asked for is another one.
 */
export function holdToMarket(config: Pick<BallastConfig, 'stateDir' | 'mode' | 'market'>): {
  readonly news: boolean;
} {
  const { stateDir, mode, market } = config;
  const wanted: SessionMarket = {
    mode,
    dataDir: mode === 'replay' ? (market.dataDir ?? null) : null,
    seed: mode === 'simulated' ? market.seed : null,
    ...(mode === 'paper' && { live: market.live.restUrl ?? 'the venue' }),
    ...(mode === 'simulated' && market.news && { news: true }),
  };
  const file = join(stateDir, 'session.json');
  const recorded = readMarket(file);
  if (recorded === undefined) {
    writeFileSync(file, `${JSON.stringify(wanted, null, 2)}\n`);
    return { news: wanted.news === true };
  }
  if (identityOf(recorded) === identityOf(wanted)) return { news: recorded.news === true };
  throw new UserError(
    `The session in ${stateDir} trades ${describe(recorded)}; now it would be ${describe(wanted)}.`,
    'Continue it with the same market, or start over with: ballast up --new-session',
  );
}

const identityOf = (market: SessionMarket): string => JSON.stringify({ ...market, news: undefined });

function readMarket(file: string): SessionMarket | undefined {
  try {
    return marketSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

function describe({ mode, dataDir, seed, live }: SessionMarket): string {
  if (live !== undefined) return `on live data of ${live}`;
  if (dataDir !== null) return `recorded data (${dataDir})`;
  return seed === null ? `in mode ${mode}` : `the simulated market with seed ${seed}`;
}
