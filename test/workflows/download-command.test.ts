import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Harness, type World } from './harness';

const MAIN = join(__dirname, '../../dist/cli/main.js');
const MINUTE_MS = 60_000;

/** The command line as a process of its own, against a dev server on which the real workflow runs. */
describe('ballast data download', () => {
  let harness: Harness;
  let world: World;
  let cwd: string;
  beforeAll(async () => {
    cwd = mkdtempSync(join(tmpdir(), 'ballast-download-'));
    harness = await Harness.startOnDevServer(10_000);
    world = await harness.newWorld();
  });
  afterAll(async () => {
    await harness.shutdown();
    rmSync(cwd, { recursive: true });
  });

  const fromMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 60 * MINUTE_MS;
  const toMs = fromMs + 45 * MINUTE_MS;
  const download = (...more: readonly string[]) =>
    promisify(execFile)(
      process.execPath,
      [
        ...[MAIN, 'data', 'download', '--venue', 'fake', '--symbol', 'BTC/USDT', '--timeframe', '1m'],
        ...['--from', new Date(fromMs).toISOString(), '--to', new Date(toMs).toISOString(), ...more],
      ],
      {
        cwd,
        env: { PATH: process.env.PATH, HOME: cwd, BALLAST_TEMPORAL_ADDRESS: harness.address },
      },
    );

  it('starts the workflow, follows it, and says what came of it', async () => {
    const { stdout, stderr } = await download();
    expect(stdout).toMatch(/^fake BTC\/USDT 1m: 45 bars up to .*, 45 new, 0 corrected$/m);
    expect(stderr).toContain('downloading');
    expect(world.history.rows.get('fake BTC/USDT 1m')?.size).toBe(45);
  });

  it('joins the one that is under way, and changes nothing the second time', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    world.script.backfillPages = async (step) => {
      await held;
      return world.real.backfillPages(step);
    };
    const started = JSON.parse((await download('--detach', '--json')).stdout) as { workflowId: string };
    expect(started.workflowId).toMatch(/^job\/backfill\/[0-9a-f]{16}$/);
    const joined = download();
    joined.child.stderr?.once('data', () => {
      release();
    });
    expect((await joined).stdout).toMatch(/45 bars up to .*, 0 new, 0 corrected$/m);
    expect(world.calls.filter(({ name }) => name === 'backfillPages')).toHaveLength(2);
  });
});
