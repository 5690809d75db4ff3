/**
 * An emulator on the wave market as a process of its own, for tests that kill it. Argument: a JSON object with
 * `journalDir`, `port` and `speed`. Prints one JSON line with URLs, key and session once it answers.
 */
import { runEmulator } from '../../cli/run-emulator';
import type { EmulatorOptions } from '../../emulator/main';
import { waveMarket } from './scripted-market';

const options = JSON.parse(process.argv[2] ?? '{}') as Omit<EmulatorOptions, 'source'>;

runEmulator({ ...options, source: waveMarket() }, (emulator) => {
  process.stdout.write(`${JSON.stringify(emulator)}\n`);
}).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
