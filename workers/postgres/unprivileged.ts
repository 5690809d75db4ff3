import { spawnSync } from 'node:child_process';
import { chownSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** How to start a program that refuses to run as root. */
export interface UnprivilegedStart {
  /** Put before the command; each replaces itself by the next, so that the pid stays. */
  readonly prefix: readonly string[];
  /** The user to start as, where a prefix does not change it. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** The user id which by custom owns nothing. */
const nobody = 65_534;

const asIs: UnprivilegedStart = { prefix: [] };

/** A user namespace in which root is called nobody: permissions stay those of root's own files. */
const inUserNamespace: UnprivilegedStart = {
  prefix: ['unshare', '--user', `--map-user=${nobody}`, `--map-group=${nobody}`, '--'],
};

const asNobody: UnprivilegedStart = { prefix: [], user: { uid: nobody, gid: nobody } };

/**
 * How PostgreSQL, which refuses to run as root, can be started by the current user.
 * @param binary the program
 * @param folder where it has to write, or where its data folder will be made
 * @throws Error saying what to do when the current user is root and no way works
 */
export function findUnprivilegedStart(binary: string, folder: string): UnprivilegedStart {
  if (process.getuid?.() !== 0) return asIs;
  if (worksInUserNamespace(binary)) return inUserNamespace;
  if (worksAsNobody(binary, folder)) return asNobody;
  throw new Error(
    `PostgreSQL does not run as root, user namespaces are not allowed here, and user ${nobody} cannot reach both ${binary} and ${folder}. ` +
      'Run Ballast as an ordinary user, or put the project and its data where every user may enter the folders above them.',
  );
}

/** Whether root may start the program under another name, its own permissions kept (Linux with util-linux 2.36 or later). */
export function worksInUserNamespace(binary: string): boolean {
  const [command = '', ...args] = inUserNamespace.prefix;
  return process.platform === 'linux' && spawnSync(command, [...args, binary, '--version']).status === 0;
}

/** Whether user nobody can run the program and enter the folder. */
export function worksAsNobody(binary: string, folder: string): boolean {
  return (
    spawnSync('/bin/sh', ['-c', 'cd "$1" && "$2" --version', 'sh', folder, binary], asNobody.user).status ===
    0
  );
}

/** Gives a folder and all in it to the user whom the program will run as. */
export function handOver(folder: string, start: UnprivilegedStart): void {
  if (start.user === undefined) return;
  for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const path = join(folder, entry);
    if (lstatSync(path).uid !== start.user.uid) chownSync(path, start.user.uid, start.user.gid);
  }
  chownSync(folder, start.user.uid, start.user.gid);
}
