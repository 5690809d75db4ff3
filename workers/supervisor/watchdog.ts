import { type ChildProcess, spawn } from 'node:child_process';

/** A process to be ended when this one is gone. */
export interface WatchedProcess {
  /** The leader of its own process group. */
  readonly pid: number;
  /** What ends it: `SIGKILL` unless it has something to put in order. */
  readonly orphanSignal: NodeJS.Signals;
}

/** Ends the watched processes once the process that started the watchdog is gone, however it went. */
export interface Watchdog {
  /** Replaces the list of watched processes. */
  watch(processes: readonly WatchedProcess[]): void;
  /** Ends the watchdog alone. */
  dismiss(): void;
}

/**
 * Each line on stdin is the whole list, `pid:SIGNAL` by blanks. The input ends when its writer dies, even by SIGKILL: the
 * groups of the last list are signalled, and killed if they are still there ten seconds later. Terminal signals are
 * ignored, for Ctrl-C is the supervisor's business.
 */
const script = `
trap '' INT TERM HUP
list=
while IFS= read -r line; do list=$line; done
for entry in $list; do kill -s "\${entry#*:}" -- "-\${entry%%:*}" 2>/dev/null; done
tenths=0
while [ $tenths -lt 100 ]; do
  alive=
  for entry in $list; do kill -0 -- "-\${entry%%:*}" 2>/dev/null && alive=yes; done
  [ -z "$alive" ] && exit 0
  sleep 0.1
  tenths=$((tenths + 1))
done
for entry in $list; do kill -s KILL -- "-\${entry%%:*}" 2>/dev/null; done
`;

/** Starts a watchdog: one small shell, in a session of its own, restarted should it be killed. */
export function startWatchdog(): Watchdog {
  let list = '';
  let dismissed = false;
  let shell = launch();

  function launch(): ChildProcess {
    const child = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    child.stdin.on('error', () => {
      // It died with a line unread; its exit starts another, which gets the list anew.
    });
    child.on('exit', () => {
      if (dismissed) return;
      shell = launch();
      send();
    });
    child.unref();
    return child;
  }

  function send(): void {
    shell.stdin?.write(`${list}\n`);
  }

  return {
    watch(processes) {
      list = processes.map(({ pid, orphanSignal }) => `${pid}:${orphanSignal.slice('SIG'.length)}`).join(' ');
      send();
    },
    dismiss() {
      dismissed = true;
      shell.stdin?.end('\n');
    },
  };
}
