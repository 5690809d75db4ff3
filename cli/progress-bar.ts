import { Format, Presets, SingleBar } from 'cli-progress';

/** How far something is: a bar on a terminal, a line for each step elsewhere. */
export interface Progress {
  /** A new piece of work; the one before is done. */
  begin(what: string, total: number): void;
  /** @param item what is being done, e.g. a file; `detail` says how far that is */
  update(done: number, item: string, detail?: string): void;
  end(): void;
}

/** Between two lines about the same thing, where there is no bar. */
const LINE_INTERVAL_MS = 5_000;

/** @param stream where it is shown; `json` shows nothing, as programs are listening */
export function createProgress(stream: NodeJS.WriteStream, json: boolean): Progress {
  if (json) return { begin: () => undefined, update: () => undefined, end: () => undefined };
  return stream.isTTY ? bars(stream) : lines(stream);
}

function bars(stream: NodeJS.WriteStream): Progress {
  let bar: SingleBar | undefined;
  const end = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    begin(what, total) {
      end();
      if (total === 0) return;
      const format = `${what} {bar} {percentage}% {item} {detail}`;
      bar = new SingleBar(
        { stream, format, hideCursor: true, clearOnComplete: true, barsize: 30, formatBar: Format.BarFormat },
        Presets.shades_classic,
      );
      bar.start(total, 0, { item: '', detail: '' });
    },
    update(done, item, detail = '') {
      bar?.update(done, { item, detail });
    },
    end,
  };
}

function lines(stream: NodeJS.WriteStream): Progress {
  let work = { what: '', total: 0 };
  let last = { item: '', atMs: 0 };
  return {
    begin(what, total) {
      work = { what, total };
      last = { item: '', atMs: 0 };
    },
    update(done, item, detail = '') {
      const nowMs = Date.now();
      if (item === last.item && nowMs - last.atMs < LINE_INTERVAL_MS) return;
      last = { item, atMs: nowMs };
      stream.write(
        `${work.what} ${Math.floor((100 * done) / work.total)} %  ${item} ${detail}`.trimEnd() + '\n',
      );
    },
    end: () => undefined,
  };
}
