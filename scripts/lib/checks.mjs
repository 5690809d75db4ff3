import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './project.mjs';

const bin = (path) => join(root, 'node_modules', path);
const cache = (name) => join('node_modules/.cache/ballast', name);

/** Every static check: its name and the script that makes it. */
const checks = [
  { name: 'types', args: [bin('typescript/bin/tsc'), '--noEmit', '-p', '.'] },
  {
    name: 'lint',
    args: [
      bin('eslint/bin/eslint.js'),
      '--cache',
      '--cache-location',
      cache('eslint/'),
      '--max-warnings',
      '0',
      '.',
    ],
  },
  {
    name: 'format',
    args: [
      bin('prettier/bin/prettier.cjs'),
      '--check',
      '--log-level',
      'warn',
      '--cache',
      '--cache-location',
      cache('prettier'),
      '.',
    ],
  },
  {
    name: 'arrows',
    args: [bin('dependency-cruiser/bin/dependency-cruise.mjs'), '--config', '.dependency-cruiser.cjs', '.'],
  },
];

/** The two heavy checks take a core each; the light ones follow. */
const atOnce = 2;

/**
 * Makes all checks, naming each as it ends and showing what a failed one printed.
 * @returns {Promise<{passed: number, failed: number}>}
 */
export async function runChecks() {
  const waiting = [...checks];
  const results = [];
  const worker = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) results.push(await runCheck(check));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  const passed = results.filter(Boolean).length;
  return { passed, failed: results.length - passed };
}

async function runCheck({ name, args }) {
  const startedAt = Date.now();
  const { code, output } = await capture(args);
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(
    `${code === 0 ? 'pass' : 'FAIL'}  ${name} (${seconds} s)\n${code === 0 ? '' : `${output.trimEnd()}\n`}`,
  );
  return code === 0;
}

function capture(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const collect = (chunk) => {
      output += chunk;
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}
