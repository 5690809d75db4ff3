import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningPostgres, startPostgres } from '../../workers/embedded-postgres';

/** By this variable suites find the server. Each makes a database of its own there. */
const urlVariable = 'BALLAST_TEST_POSTGRES_URL';

let running: { readonly server: RunningPostgres; readonly folder: string } | undefined;

/** Starts one PostgreSQL for all suites, when a selected one needs it and nobody has provided another. */
export async function startSharedPostgres(
  rootDir: string,
  isSelected: (path: string) => boolean,
): Promise<void> {
  if (running !== undefined || process.env[urlVariable] !== undefined) return;
  if (!isNeeded(join(rootDir, 'test'), isSelected)) return;
  const folder = mkdtempSync(join(tmpdir(), 'ballast-postgres-'));
  const server = await startPostgres({ dataDir: join(folder, 'data'), log: () => undefined });
  process.env[urlVariable] = server.url;
  running = { server, folder };
}

export async function stopSharedPostgres(): Promise<void> {
  if (running === undefined) return;
  const { server, folder } = running;
  running = undefined;
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** A folder of suites needs it when anything in it, a helper perhaps, names the variable. */
function isNeeded(folder: string, isSelected: (path: string) => boolean): boolean {
  const entries = readdirSync(folder, { withFileTypes: true });
  const sources = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map(({ name }) => join(folder, name));
  const namesIt = sources.some(
    (path) => !path.includes('/support/') && readFileSync(path, 'utf8').includes(urlVariable),
  );
  if (namesIt && sources.some((path) => path.endsWith('.test.ts') && isSelected(path))) return true;
  return entries.some((entry) => entry.isDirectory() && isNeeded(join(folder, entry.name), isSelected));
}
