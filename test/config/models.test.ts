import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { ConfigError } from '../../config/issues';
import { loadConfig } from '../../config/load';
import { inferenceNeeds } from '../../config/needs';
import { createScrubber } from '../../config/secret-values';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'ballast-models-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});
const load = (text: string, env: Record<string, string> = {}) => {
  writeFileSync(join(cwd, 'ballast.yaml'), text);
  return loadConfig({ env, cwd });
};

it('needs no model but its own, and takes one with its path beside the file', () => {
  expect(load('log: { level: info }').models).toMatchObject({
    available: [{ name: 'embedded', provider: 'local' }],
    roles: { scorer: ['embedded'] },
    deadlineMs: 10_000,
    monthlyBudgetUsd: '100',
  });
  const { models } = load('models: { available: [{ name: a, provider: local, model: x/m.gguf }] }');
  expect(models.available[0]).toMatchObject({
    model: join(cwd, 'x/m.gguf'),
    local: { maxThreads: 1, gpu: false },
  });
});

it('starts no process for a judge of headlines where there are none', () => {
  const silent = 'mode: simulated\nnews: { enabled: false }';
  expect(inferenceNeeds(load(silent))).toEqual([]);
  const roles = 'models: { roles: { analyst: [embedded] } }';
  expect(inferenceNeeds(load(`${silent}\n${roles}`))).toEqual(['the role analyst']);
});

it('keeps keys to itself, from the environment or a file', () => {
  writeFileSync(join(cwd, 'key'), 'key-from-a-file\n');
  const config = load('models: { anthropicApiKeyFile: key }', {
    BALLAST_OPENAI_API_KEY: 'key-from-the-environment',
  });
  expect(config.models.anthropicApiKey?.reveal()).toBe('key-from-a-file');
  expect(`${inspect(config, { depth: 9 })}${JSON.stringify(config)}`).not.toMatch(/key-from/);
  expect(createScrubber(config)('key-from-a-file, key-from-the-environment')).toBe('[secret], [secret]');
});

it.each([
  ['a role without its model', 'models: { roles: { scorer: [x] } }', 'models.roles.scorer.0'],
  [
    'two models of a name',
    'models: { available: [{ name: a, provider: local, model: m }, { name: a, provider: local, model: n }] }',
    'models.available.1.name',
  ],
  [
    'a vendor without a price',
    'models: { available: [{ name: a, provider: openai, model: m }] }',
    'models.available.0.price',
  ],
  [
    'a server that is not named',
    'models: { available: [{ name: a, provider: compatible, model: m }] }',
    'models.available.0.baseUrl',
  ],
  [
    'a cut-off that is no day',
    'models: { available: [{ name: a, provider: local, model: m, cutOff: 2025-13-01 }] }',
    'models.available.0.cutOff',
  ],
  ['a key in the file', 'models: { openaiApiKey: sk-123456 }', 'models.openaiApiKey'],
])('does not take %s', (_what, text, path) => {
  let issues: readonly { path: string; value: string }[] = [];
  try {
    load(text);
  } catch (error) {
    if (error instanceof ConfigError) issues = error.issues;
  }
  expect(issues.map((issue) => issue.path)).toEqual([path]);
  expect(JSON.stringify(issues)).not.toContain('sk-123456');
});
