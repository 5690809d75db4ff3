import { clearInterval, setInterval } from 'node:timers';

const repeatEveryMs = 10_000;

/** One line about the set-up, on stderr: stdout belongs to the command that was asked for. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Says what is being done, then how long it has been taking, every ten seconds, until `work` is settled. */
export async function withProgress(title, work) {
  const startedAt = Date.now();
  const elapsed = () => `${Math.round((Date.now() - startedAt) / 1000)} s`;
  say(`ballast: ${title} …`);
  const ticker = setInterval(() => say(`ballast: ${title} … ${elapsed()}`), repeatEveryMs);
  try {
    const result = await work();
    say(`ballast: ${title}: done in ${elapsed()}`);
    return result;
  } finally {
    clearInterval(ticker);
  }
}
