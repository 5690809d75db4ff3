import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './project.mjs';

/** What the last bootstrap found or installed. It lies in node_modules, so that deleting that folder forgets it. */
const path = join(root, 'node_modules/.cache/ballast/bootstrap.json');

/** @returns {{dependencies?: string, servers: Record<string, string>}} */
export function readRecord() {
  try {
    return { servers: {}, ...JSON.parse(readFileSync(path, 'utf8')) };
  } catch {
    return { servers: {} };
  }
}

export function updateRecord(change) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify({ ...readRecord(), ...change }, null, 2)}\n`);
  renameSync(temporary, path);
}
