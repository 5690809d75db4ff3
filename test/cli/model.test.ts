import { execFile } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
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
  const checked = runBallast(cwd, ['model', 'check', 'tiny', '--json']);
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

it('add downloads a model, within bounds, and loads it', async () => {
  const server = createServer((_request, response) => {
    createReadStream(join(cwd, 'tiny.gguf')).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/some/Tiny%20Model.gguf`;
  const main = join(__dirname, '../../dist/cli/main.js');
  const add = (...args: readonly string[]) =>
    promisify(execFile)(process.execPath, [main, 'model', 'add', url, '--json', ...args], {
      cwd,
      env: { PATH: process.env.PATH, HOME: cwd },
    });
  try {
    const path = join(cwd, '.ballast/models/Tiny_20Model.gguf');
    await expect(add('--max-gb', '0.0001')).rejects.toThrow('is larger than 100000 bytes');
    expect(existsSync(path)).toBe(false);
    expect(JSON.parse((await add()).stdout)).toMatchObject({ name: 'Tiny_20Model', path });
  } finally {
    server.close();
  }
});
