import { join } from 'node:path';
import { provideCached } from './cache.mjs';
import { findOnPath, run } from './command.mjs';
import { withProgress } from './progress.mjs';
import { SetupError } from './project.mjs';

/**
 * A Python with these packages, in an environment of its own in the user's cache; nothing of the system's is changed.
 * @param {string} name of the environment, which names its versions
 * @param {string[]} packages as pip takes them, each with its exact version
 * @param {string} purpose what needs it, for the error
 * @returns {Promise<string>} the interpreter
 * @throws SetupError when the machine has no Python
 */
export async function providePython(name, packages, purpose) {
  const system = ['python3', 'python']
    .map((command) => findOnPath(command))
    .find((path) => path !== undefined);
  if (system === undefined)
    throw new SetupError(`${purpose} needs Python 3.9 or later with venv; install python3 and python3-venv.`);
  const venv = await provideCached(name, (into) =>
    withProgress(`installing ${packages.join(', ')} for Python`, async () => {
      await run(system, ['-m', 'venv', into]);
      await run(join(into, 'bin/python'), ['-m', 'pip', 'install', '--quiet', ...packages]);
    }),
  );
  return join(venv, 'bin/python');
}
