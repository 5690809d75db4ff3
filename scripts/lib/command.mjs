import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const keptOutput = 64 * 1024;

/**
 * Runs a program to its end, quietly.
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd?: string, env?: object, timeoutMs?: number}} options
 * @returns {Promise<string>} what it printed on stdout
 * @throws an Error of one line, for the list of routes that failed: the last line which the program printed says the most
 */
export function run(command, args, { cwd, env = process.env, timeoutMs } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, timeout: timeoutMs, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let output = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      output = (output + chunk).slice(-keptOutput);
    });
    child.stderr.on('data', (chunk) => {
      output = (output + chunk).slice(-keptOutput);
    });
    child.on('error', (error) =>
      reject(new Error(error.code === 'ENOENT' ? `${command} is not installed` : error.message)),
    );
    child.on('close', (code, signal) => {
      if (code === 0) resolve(stdout);
      else reject(new Error(`${command} ${describeEnd(code, signal, timeoutMs)}: ${lastTelling(output)}`));
    });
  });
}

function describeEnd(code, signal, timeoutMs) {
  if (code !== null) return `exited with code ${code}`;
  return timeoutMs === undefined
    ? `was ended by ${signal}`
    : `was ended by ${signal} (limit ${timeoutMs / 1000} s)`;
}

/** The line that names the failure, without addresses of registries. */
function lastTelling(output) {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const telling = lines.filter(
    (line) =>
      /error|fail|refused|not found|cannot|can only|timeout/i.test(line) &&
      !/^npm (error|ERR!)( (code|errno|syscall) .*)?$/.test(line),
  );
  const line = (telling[0] ?? lines.at(-1) ?? 'it printed nothing').trim();
  return line.replace(/https?:\/\/\S+/g, '(address)').slice(0, 300);
}

/** Whether this file is there and may be executed. */
export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The full path of a command on PATH, or undefined. */
export function findOnPath(command, env = process.env) {
  return (env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, command))
    .find(isExecutable);
}
