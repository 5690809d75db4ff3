import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const domain = join(__dirname, '..', '..', 'domain', 'strategies');

/** What strategies may import by name, and where it is. */
const AUTHOR_MODULES: Readonly<Record<string, string>> = {
  'ballast/strategy': pathToFileURL(join(domain, 'author.js')).href,
  'ballast/strategy/testing': pathToFileURL(join(domain, 'testing.js')).href,
};

/** What a file of the folder is to Node, whatever a package.json near it says; undefined for what Node tells by itself. */
function formatOf(url: string, folderUrl: string): string | undefined {
  if (!url.startsWith(folderUrl) || url.includes('/node_modules/')) return undefined;
  if (/\.m?ts$/.test(url)) return 'module-typescript';
  return url.endsWith('.js') ? 'module' : undefined;
}

/**
 * Lets files of a folder be loaded as modules that may import `ballast/strategy`, and written in TypeScript, whose types Node strips.
 * @returns what ends it
 */
export function provideAuthorModules(folder: string): () => void {
  const folderUrl = `${pathToFileURL(folder).href}/`;
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      const url = AUTHOR_MODULES[specifier];
      return url === undefined
        ? next(specifier, context)
        : { url, format: 'commonjs', shortCircuit: true, importAttributes: context.importAttributes };
    },
    load: (url, context, next) => {
      const format = formatOf(url, folderUrl);
      return next(url, format === undefined ? context : { ...context, format });
    },
  });
  return () => {
    hooks.deregister();
  };
}
