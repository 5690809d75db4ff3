import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listPrompts, loadPrompt } from '../../../adapters/llm/prompt';

it('are never edited once released: a better one is the next version', () => {
  const hashes = listPrompts().map(({ name, version }) => [
    `${name}.v${version}`,
    loadPrompt(name, version).hash,
  ]);
  expect(Object.fromEntries(hashes)).toMatchSnapshot();
});

it('insert texts from outside once, and do not read them', () => {
  const [, user] = loadPrompt('headline-sentiment', 1).render({
    asset: 'BTC',
    headline: '{{asset}} {{secret}} $& $1',
  });
  expect(user?.content).toContain('{{asset}} {{secret}} $& $1');
});

it('say which value is missing, and which nobody asked for', () => {
  const render = () => loadPrompt('headline-sentiment', 1).render({ asset: 'BTC', extra: '' });
  expect(render).toThrow('without a value: headline; without a variable: extra');
});

it('have a system text and a user text, and nothing else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-prompts-'));
  writeFileSync(join(folder, 'odd.v1.yaml'), 'system: a\nuser: b\nextra: c\n');
  expect(() => loadPrompt('odd', 1, folder)).toThrow('extra');
  rmSync(folder, { recursive: true });
});
