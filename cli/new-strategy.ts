import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { KEBAB_CASE } from '../adapters/strategies/shape';
import { projectRoot } from '../config/project-root';
import { UserError } from '../domain/errors';
import { isBuiltIn } from '../domain/strategies/catalogue';
import { RefusedError } from './failure';

const TEMPLATE_ID = 'my-strategy';
const MAX_ID_LENGTH = 40;

/** What was written, as absolute paths. */
export interface NewStrategy {
  readonly strategy: string;
  readonly test: string;
  /** Files of the folder that were made or added to. */
  readonly shared: readonly string[];
}

/**
 * Writes a strategy, its test, and what an editor needs to know their types, into a folder that is made when it is not there.
 * @throws UserError for a name that no strategy can have; RefusedError when there is one of that name: nothing is overwritten
 */
export function writeStrategy(id: string, folder: string): NewStrategy {
  if (!KEBAB_CASE.test(id) || id.length > MAX_ID_LENGTH)
    throw new UserError(
      `"${id}" cannot be the name of a strategy.`,
      `Use at most ${MAX_ID_LENGTH} small letters and digits, joined by single dashes: night-breakout`,
    );
  if (isBuiltIn(id))
    throw new RefusedError(`There is a built-in strategy "${id}".`, 'Give yours another name.');
  const written = { strategy: join(folder, `${id}.ts`), test: join(folder, `${id}.test.ts`) };
  const taken = Object.values(written).find((path) => existsSync(path));
  if (taken !== undefined)
    throw new RefusedError(`${taken} is there already; nothing has been written.`, 'Choose another name.');
  mkdirSync(folder, { recursive: true });
  writeFileSync(written.strategy, fromTemplate('my-strategy.ts', id));
  writeFileSync(written.test, fromTemplate('my-strategy.test.ts', id));
  return { ...written, shared: [...provideTypes(folder), addToReadme(folder, id)] };
}

const fromTemplate = (name: string, id: string): string =>
  readFileSync(join(projectRoot(), 'cli', 'template', name), 'utf8').replaceAll(TEMPLATE_ID, id);

/** A tsconfig.json by which editors, and `ballast strategies --check`, know `ballast/strategy`. One that is there is left alone. */
function provideTypes(folder: string): readonly string[] {
  const file = join(folder, 'tsconfig.json');
  if (existsSync(file)) return [];
  const root = projectRoot();
  const beside = relative(folder, root);
  // Inside the clone the whole may be moved; from elsewhere only the absolute path says where the clone is.
  const to = (path: string): string => join(/^[./]*$/.test(beside) ? `./${beside}` : root, path);
  const source = (name: string): readonly string[] => [withDot(to(`domain/strategies/${name}.ts`))];
  const config = {
    compilerOptions: {
      ...{
        target: 'es2023',
        lib: ['es2023', 'es2024.promise'],
        module: 'preserve',
        moduleResolution: 'bundler',
      },
      ...{ strict: true, noUncheckedIndexedAccess: true, isolatedModules: true, esModuleInterop: true },
      ...{ skipLibCheck: true, resolveJsonModule: true, noEmit: true, allowImportingTsExtensions: true },
      ...{ typeRoots: [withDot(to('node_modules/@types'))], types: ['node'] },
      paths: { 'ballast/strategy': source('author'), 'ballast/strategy/testing': source('testing') },
    },
    include: ['./**/*.ts'],
  };
  writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`);
  return [file];
}

const withDot = (path: string): string => (/^[./]/.test(path) ? path : `./${path}`);

function addToReadme(folder: string, id: string): string {
  const file = join(folder, 'README.md');
  const before = existsSync(file) ? readFileSync(file, 'utf8').trimEnd() : HEAD;
  writeFileSync(
    file,
    `${before}\n- [${id}](${id}.ts): say here what it does, and on what it has been tested\n`,
  );
  return file;
}

const HEAD = `# Strategies

\`ballast strategies --check\` loads them, checks their types and runs their tests; \`ballast backtest --strategy NAME …\` tests one on
bars. Files whose names begin with \`_\` are shared by the others.
`;
