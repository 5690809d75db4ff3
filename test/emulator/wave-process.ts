/**
 * An emulator on the wave market as a process of its own, for tests that kill it. Arguments: a JSON object with
 * `journalDir`, `port` and `speed`.
 */
import { runEmulatorProcess } from '../../emulator/process';
import type { EmulatorOptions } from '../../emulator/main';
import { waveMarket } from './scripted-market';

const options = JSON.parse(process.argv[2] ?? '{}') as Omit<EmulatorOptions, 'source'>;

void runEmulatorProcess({ ...options, source: waveMarket() }).then((code) => {
  process.exit(code);
});
