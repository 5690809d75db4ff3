/**
 * A mirroring emulator as a process of its own, for tests that kill it. Argument: a JSON object with `journalDir` and
 * the upstream's `restUrl` and `wsUrl`. Prints one JSON line with URLs, key and session once it answers.
 */
import { openLive } from '../../../cli/open-live';
import { runEmulator } from '../../../cli/run-emulator';

interface Options {
  readonly journalDir: string;
  readonly restUrl: string;
  readonly wsUrl: string;
}

async function main({ journalDir, restUrl, wsUrl }: Options): Promise<void> {
  const source = await openLive({
    venue: 'binance',
    restUrl,
    wsUrl,
    clock: 'emulator',
    pairs: ['BTC/USDT'],
    journalDir,
  });
  await runEmulator({ port: 0, speed: 1, journalDir, source }, (emulator) => {
    process.stdout.write(`${JSON.stringify(emulator)}\n`);
  });
}

main(JSON.parse(process.argv[2] ?? '{}') as Options).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
