import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';

/** A port that was taken, and the one used in its place. */
export interface MovedPort {
  readonly name: string;
  readonly preferred: number;
  readonly chosen: number;
}

export interface ChosenPorts<Name extends string> {
  readonly ports: Readonly<Record<Name, number>>;
  /** For telling the user. */
  readonly moved: readonly MovedPort[];
}

const loopback = '127.0.0.1';
const savedPorts = z.record(z.string(), z.object({ preferred: z.number().int(), chosen: z.number().int() }));

/**
 * Chooses a port for each name: the one used last time while it is free and the preference has not changed, else the
 * preferred one, else any free one. The choice is kept in `ports.json` of the state folder.
 * @param stateDir the folder, made if missing
 * @param preferred ports by name; 0 means any
 */
export async function choosePorts<Name extends string>(
  stateDir: string,
  preferred: Readonly<Record<Name, number>>,
): Promise<ChosenPorts<Name>> {
  mkdirSync(stateDir, { recursive: true });
  const file = join(stateDir, 'ports.json');
  const saved = readSaved(file);
  const ports: Partial<Record<Name, number>> = {};
  const moved: MovedPort[] = [];
  const taken = new Set<number>();
  for (const name of Object.keys(preferred) as Name[]) {
    const wish = preferred[name];
    const before = saved[name];
    const candidates = before?.preferred === wish ? [before.chosen, wish] : [wish];
    const chosen = await firstFree(candidates.filter((port) => port !== 0 && !taken.has(port)));
    taken.add(chosen);
    ports[name] = chosen;
    saved[name] = { preferred: wish, chosen };
    if (wish !== 0 && chosen !== wish) moved.push({ name, preferred: wish, chosen });
  }
  writeFileSync(`${file}.new`, `${JSON.stringify(saved, null, 2)}\n`);
  renameSync(`${file}.new`, file);
  return { ports: ports as Record<Name, number>, moved };
}

/** A port on the loopback interface that nobody listens on. */
export async function findFreePort(): Promise<number> {
  const port = await tryListen(0);
  if (port === undefined) throw new Error(`No free port on ${loopback}`);
  return port;
}

/** Whether nobody listens on this port of the loopback interface. */
export async function isPortFree(port: number): Promise<boolean> {
  return (await tryListen(port)) !== undefined;
}

async function firstFree(candidates: readonly number[]): Promise<number> {
  for (const port of candidates) if (await isPortFree(port)) return port;
  return findFreePort();
}

function tryListen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(undefined);
    });
    server.listen(port, loopback, () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === 'object' ? address?.port : undefined);
      });
    });
  });
}

/** An unreadable file only loses the memory of earlier choices. */
function readSaved(file: string): z.infer<typeof savedPorts> {
  try {
    return savedPorts.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {};
  }
}
