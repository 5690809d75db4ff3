import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of package.json: the sources run from it directly, the compiled program from `dist/` inside it. */
export function projectRoot(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}
