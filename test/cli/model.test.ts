import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTinyGguf } from '../adapters/llm/tiny-gguf';
import { buildBallast, runBallast } from './ballast-process';

let cwd: string;
beforeAll(() => {
  buildBallast();
  cwd = mkdtempSync(join(tmpdir(), 'ballast-model-'));
  writeTinyGguf(join(cwd, 'tiny.gguf'));
});
afterAll(() => {
  rmSync(cwd, { recursive: true, force: true });
});

it('add verifies a file and says how to use it; check asks it; list shows it', () => {
  const added = runBallast(cwd, ['model', 'add', 'tiny.gguf']);
  expect([added.status, added.stderr]).toEqual([0, '']);
  const [, snippet = ''] = added.stdout.split('ballast.yaml:\n\n');
  writeFileSync(join(cwd, 'ballast.yaml'), snippet.split('Then try')[0] ?? '');
  const checked = runBallast(cwd, ['model', 'check', '--json']);
  expect([checked.status, checked.stderr]).toEqual([0, '']);
  expect(JSON.parse(checked.stdout)).toMatchObject([
    { name: 'tiny', ok: true, text: expect.stringContaining('label') as string },
  ]);
  expect(runBallast(cwd, ['model', 'list']).stdout).toMatch(
    /tiny +local +\S+tiny\.gguf +scorer +unknown +free/,
  );
});

it('add refuses what is no model, and a file with another sum', () => {
  writeFileSync(join(cwd, 'page.gguf'), '<!doctype html><html>Not found</html>');
  const page = runBallast(cwd, ['model', 'add', 'page.gguf']);
  expect(page.status).toBe(2);
  expect(page.stderr).toMatch(/page\.gguf is something that is no GGUF/);
  const sum = runBallast(cwd, ['model', 'add', 'tiny.gguf', '--sha256', '0'.repeat(64)]);
  expect(sum.status).toBe(2);
  expect(sum.stderr).toMatch(/has the SHA-256 sum [0-9a-f]{64}, not 0{64}/);
});
