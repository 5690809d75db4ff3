import { readdirSync, readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { confinableCores, confinedTo, parseCoreList } from '../../bench/cores';

test.each([
  ['0', [0]],
  ['0,1', [0, 1]],
  ['0-3,8', [0, 1, 2, 3, 8]],
  ['2-2,10-11', [2, 10, 11]],
])('the cores %s are %j', (text, cores) => {
  expect(parseCoreList(text)).toEqual(cores);
});

/** Where each thread of this process may run. */
const whereabouts = (): readonly (readonly number[])[] =>
  readdirSync('/proc/self/task').map((thread) => {
    const status = readFileSync(`/proc/self/task/${thread}/status`, 'utf8');
    return parseCoreList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '');
  });

const home = confinableCores();

(home === null ? test.skip : test)(
  'a confined process has all its threads on the core, later ones included, and is free again afterwards',
  async () => {
    const [core = 0] = home ?? [];
    const inside = await confinedTo([core], home, async () => {
      const worker = new Worker('require("node:worker_threads").parentPort.postMessage(0)', { eval: true });
      const seen = await new Promise<ReturnType<typeof whereabouts>>((resolve, reject) => {
        worker.once('message', () => {
          resolve(whereabouts());
        });
        worker.once('error', reject);
      });
      await worker.terminate();
      return seen;
    });
    expect(inside.length).toBeGreaterThan(1);
    expect(inside.every((cores) => cores.join() === String(core))).toBe(true);
    expect(whereabouts().every((cores) => cores.join() === home?.join())).toBe(true);
  },
);

test('where nothing can be confined, what is to be run is run', async () => {
  expect(await confinedTo([0], null, () => Promise.resolve('ran'))).toBe('ran');
});
