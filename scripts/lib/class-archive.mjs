import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const archive = 'classes.jsa';
const limitMs = 60_000;
const pollMs = 100;

/**
 * The launcher of a Java server: serial collection and the quick compiler only, for it lives for seconds, beside everything else that
 * the tests run. The suite starts a hundred of them, so the loaded classes come from an archive when there is one, which halves
 * what a start costs. Java wants the same class path as when the archive was made: a relative one stays the same wherever the folder is.
 * @param {string} mainClass
 */
export const javaLauncher = (mainClass) => `#!/bin/sh
cd "$(dirname "$0")" || exit
[ -r ${archive} ] && shared=-XX:SharedArchiveFile=${archive}
exec "\${JAVA_HOME:+$JAVA_HOME/bin/}java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx512m $shared \\
  -cp "lib/*" ${mainClass} "$@"
`;

/**
 * Makes sure that the folder of a Java server has this launcher and an archive of the classes that a start loads. Without an archive, as
 * with a Java that cannot make one, the server starts all the same.
 * @param {string} folder
 * @param {string} program the launcher's name there; it takes a port
 * @param {string} launcher its text
 */
export async function archiveClasses(folder, program, launcher) {
  const path = join(folder, program);
  if (existsSync(join(folder, archive)) && readFileSync(path, 'utf8') === launcher) return;
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, launcher);
  chmodSync(mine, 0o755);
  renameSync(mine, path);
  const made = `${archive}.${process.pid}`;
  try {
    await startOnce(path, `-XX:ArchiveClassesAtExit=${made}`);
    if (existsSync(join(folder, made))) renameSync(join(folder, made), join(folder, archive));
  } finally {
    rmSync(join(folder, made), { force: true });
  }
}

/** Starts the server until it accepts connections, and ends it. */
async function startOnce(path, option) {
  const port = await freePort();
  const child = spawn(path, [String(port)], {
    stdio: 'ignore',
    env: { ...process.env, JAVA_TOOL_OPTIONS: `${process.env.JAVA_TOOL_OPTIONS ?? ''} ${option}`.trim() },
  });
  const ended = once(child, 'exit').catch(() => undefined);
  for (let passedMs = 0; passedMs < limitMs && child.exitCode === null; passedMs += pollMs) {
    if (await accepts(port)) break;
    await pause(pollMs);
  }
  child.kill('SIGTERM');
  const killing = setTimeout(() => child.kill('SIGKILL'), limitMs);
  await ended;
  clearTimeout(killing);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function accepts(port) {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
