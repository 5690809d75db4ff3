import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadScript } from './scripts';

interface SourceMap {
  readonly sources: readonly string[];
  readonly sourcesContent?: readonly string[];
}

const COMMENT = '//# sourceMappingURL=data:application/json;charset=utf-8;base64,';

const withMap = (code: string, map: object): string =>
  `${code}\n${COMMENT}${Buffer.from(JSON.stringify(map)).toString('base64')}`;

function parts(bundle: string): { readonly code: string; readonly map: SourceMap } {
  const [code = '', base64 = ''] = bundle.split(COMMENT);
  return { code, map: JSON.parse(Buffer.from(base64, 'base64').toString()) as SourceMap };
}

describe('slimming a workflow bundle', () => {
  const slim = async (bundle: string): Promise<string> =>
    (await loadScript<{ slimBundle: (text: string) => string }>('workflow-bundle.mjs')).slimBundle(bundle);

  it('drops the sources from the map and nothing else', async () => {
    const map = { version: 3, sources: ['a.ts'], names: [], mappings: 'AAAA' };
    const { map: slimmed } = parts(await slim(withMap('1;', { ...map, sourcesContent: ['let a;'] })));
    expect(slimmed).toEqual(map);
  });

  it('writes wide characters as escapes of the same value, whatever their plane', async () => {
    const text = 'naïve → 100 € 🙂';
    const { code } = parts(await slim(withMap(`(() => '${text}')()`, { sources: [] })));
    expect(Array.from(code).every((character) => character.charCodeAt(0) <= 0xff)).toBe(true);
    expect(code).toContain('naïve');
    expect(JSON.parse(`"${/'(.*)'/.exec(code)?.[1] ?? ''}"`)).toBe(text);
  });

  it('refuses a bundle that it does not understand', async () => {
    await expect(slim('no map here')).rejects.toThrow('no inline source map');
  });
});

it('the bundle that workers run is slim: one byte a character, no sources, no schema library', () => {
  const bundle = readFileSync(join(__dirname, '../../dist/workflow-bundle.js'), 'utf8');
  const { code, map } = parts(bundle);
  expect(map.sourcesContent).toBeUndefined();
  expect(map.sources.some((source) => source.includes('workflows/strategy.workflow.ts'))).toBe(true);
  expect(map.sources.filter((source) => source.includes('node_modules/zod/'))).toEqual([]);
  expect(Array.from(code).every((character) => character.charCodeAt(0) <= 0xff)).toBe(true);
});
