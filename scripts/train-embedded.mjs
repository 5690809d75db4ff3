#!/usr/bin/env node
/**
 * `npm run train:embedded -- [--data FILE] [--out FILE]`: trains the model that judges headlines, from nothing. Needs a Python 3.11 or later
 * with venv; what else it needs is installed once into the user's cache. adapters/llm/embedded/MODEL-CARD.md says what comes of it.
 */
import { spawn } from 'node:child_process';
import { isAbsolute, join, resolve } from 'node:path';
import { root, runMain } from './lib/project.mjs';
import { providePython } from './lib/python.mjs';

/** What was tried together. */
const packages = [
  ...['jax==0.10.2', 'jaxlib==0.10.2', 'optax==0.2.8', 'numpy==2.4.6', 'scipy==1.17.1'],
  ...['scikit-learn==1.9.1', 'tokenizers==0.23.3', 'gguf==0.19.0', 'PyYAML==6.0.4'],
];
const folder = join(root, 'adapters/llm/embedded');
const paths = ['--data', '--out'];

/** Paths are meant from where the user is, whatever the folder this runs in. */
function withPaths(args) {
  const cwd = process.env.INIT_CWD ?? process.cwd();
  return args.flatMap((arg, index) => {
    const [name, value] = arg.split(/=(.*)/s);
    if (paths.includes(name) && value !== undefined) return [name, resolve(cwd, value)];
    return paths.includes(args[index - 1]) && !isAbsolute(arg) ? [resolve(cwd, arg)] : [arg];
  });
}

await runMain(async () => {
  const args = withPaths(process.argv.slice(2));
  const out = args.includes('--out') ? [] : ['--out', join(folder, 'headlines.gguf')];
  const python = await providePython('python-jax-0.10.2-embedded', packages, 'npm run train:embedded');
  const code = await new Promise((resolvePromise, reject) => {
    const child = spawn(python, [join(folder, 'training/train.py'), ...out, ...args], {
      stdio: 'inherit',
      // No files beside the sources.
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', JAX_PLATFORMS: 'cpu' },
    });
    child.once('error', reject);
    child.once('exit', resolvePromise);
  });
  process.exitCode = code ?? 1;
});
