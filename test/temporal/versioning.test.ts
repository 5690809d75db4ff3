import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildIdOf, deploymentOptions } from '../../temporal/versioning';

describe('the build of a workflow bundle', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ballast-bundle-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const bundle = (text: string): string => {
    const path = join(folder, 'bundle.js');
    writeFileSync(path, text);
    return path;
  };

  it('is named in its first words', () => {
    expect(buildIdOf(bundle('/* ballast build Ab_-12345678 */var workflows;'))).toBe('Ab_-12345678');
  });

  it.each([['var workflows;'], [''], ['/* ballast build */'], [' /* ballast build Ab12345678 */']])(
    'is not guessed from %j',
    (text) => {
      expect(() => buildIdOf(bundle(text))).toThrow(/names no build; make it anew with: npm run build/);
    },
  );

  it('is that of the compiled program, which the tests have made', () => {
    const buildId = buildIdOf(join(__dirname, '../../dist/workflow-bundle.js'));
    expect(buildId).toMatch(/^[A-Za-z0-9_-]{16}$/);
    expect(deploymentOptions(buildId).version).toEqual({ deploymentName: 'ballast', buildId });
  });
});
