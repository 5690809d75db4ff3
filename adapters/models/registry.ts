import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../domain/errors';
import { isModelId, readModel, type ModelSource, type StoredModel } from '../../domain/learning/model';

/** One line about a model, for the index. */
export interface ModelSummary {
  readonly id: string;
  readonly kind: string;
  readonly trainedAt: string;
  readonly symbols: readonly string[];
  readonly timeframe: string;
  /** UTC, as ISO 8601. */
  readonly trainedFrom: string;
  readonly trainedTo: string;
  readonly features: readonly string[];
  readonly checksum: string;
  readonly codeVersion: string;
  readonly isBetter: boolean;
  readonly verdict: string;
}

/** A file that should be a model and cannot be used. */
export interface ModelFault {
  readonly id: string;
  readonly problem: string;
}

export interface ModelRegistry extends ModelSource {
  /** Keeps a model; one with the same content is there already under the same id. @returns its file */
  save(stored: StoredModel): string;
  /** Every model of the folder, the newest first, each verified. */
  list(): { readonly models: readonly ModelSummary[]; readonly faults: readonly ModelFault[] };
}

/** Where the models of a state folder are. */
export const modelFolder = (stateDir: string): string => join(stateDir, 'models');

const SUFFIX = '.json';
const INDEX = 'index.json';

/** A model per file, named by its id, and an index of them that is only there to be read: it is made from the files. */
export function createModelRegistry(folder: string): ModelRegistry {
  const loaded = new Map<string, StoredModel>();
  const fileOf = (id: string): string => join(folder, `${id}${SUFFIX}`);

  const read = (id: string): StoredModel => {
    const file = fileOf(id);
    return readModel(id, readText(id, file, folder), file);
  };
  const list: ModelRegistry['list'] = () => {
    const models: ModelSummary[] = [];
    const faults: ModelFault[] = [];
    for (const id of idsOf(folder)) {
      try {
        models.push(summaryOf(read(id)));
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        faults.push({ id, problem: error.message });
      }
    }
    models.sort((a, b) => (a.trainedAt < b.trainedAt ? 1 : -1));
    return { models, faults };
  };

  return {
    load(id) {
      const stored = loaded.get(id) ?? read(id);
      loaded.set(id, stored);
      return stored;
    },
    save(stored) {
      mkdirSync(folder, { recursive: true });
      const file = fileOf(stored.id);
      replace(file, `${JSON.stringify(stored)}\n`);
      replace(join(folder, INDEX), `${JSON.stringify(list().models, null, 2)}\n`);
      sweep(folder);
      return file;
    },
    list,
  };
}

function readText(id: string, file: string, folder: string): string {
  if (!isModelId(id))
    throw new UserError(`"${id}" is no id of a model.`, 'List those there are with: ballast models');
  try {
    return readFileSync(file, 'utf8');
  } catch {
    const known = idsOf(folder);
    throw new UserError(
      `There is no model "${id}" in ${folder}.`,
      known.length === 0
        ? 'Train one with: ballast train learned --symbol BTC/USDT --from … --to …'
        : `There are: ${known.join(', ')}.`,
    );
  }
}

function idsOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(SUFFIX))
      .map((name) => name.slice(0, -SUFFIX.length))
      .filter(isModelId)
      .sort();
  } catch {
    return [];
  }
}

/** A reader sees the file as it was or as it is, never half of it, whoever else writes it and whatever the machine does. */
function replace(file: string, text: string): void {
  const fresh = `${file}.${process.pid}.new`;
  writeFileSync(fresh, text, { flush: true });
  renameSync(fresh, file);
}

/** Removes what processes that were killed in the middle of a file have left. */
function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, pid] = /\.(\d+)\.new$/.exec(name) ?? [];
    if (pid !== undefined && !isOfAnother(Number(pid))) rmSync(join(folder, name), { force: true });
  }
}

/** True for another process that runs. */
function isOfAnother(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch (error) {
    // It runs, and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function summaryOf({ id, checksum, trainedAt, model }: StoredModel): ModelSummary {
  const iso = (timeMs: number): string => new Date(timeMs).toISOString();
  return {
    ...{ id, kind: model.kind, trainedAt, symbols: model.symbols, timeframe: model.timeframe },
    ...{ trainedFrom: iso(model.trainedFromMs), trainedTo: iso(model.trainedToMs) },
    ...{ features: model.features, checksum, codeVersion: model.codeVersion },
    ...{ isBetter: model.evaluation.isBetter, verdict: model.evaluation.verdict },
  };
}
