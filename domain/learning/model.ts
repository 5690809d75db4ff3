import { sha256 } from '@noble/hashes/sha2';
import { bytesToHex } from '@noble/hashes/utils';
import { z } from 'zod';
import { Timeframe } from '../bar';
import { UserError } from '../errors';
import { calibrationSchema } from './calibration';
import { FEATURES_VERSION } from './features';
import { networkSchema } from './network';
import { treeEnsembleSchema } from './trees';

/** Raised when models are written in another way. */
const FORMAT_VERSION = 1;

/** What every model says about itself. */
const origin = {
  format: z.literal('ballast-model'),
  formatVersion: z.literal(FORMAT_VERSION),
  /** The code that trained it. */
  codeVersion: z.string(),
  symbols: z.array(z.string()).min(1),
  timeframe: z.enum(Timeframe),
  /** It has seen prices from here to there, in UTC milliseconds. */
  trainedFromMs: z.number(),
  trainedToMs: z.number(),
  /** How far from that range its tests must keep away. */
  embargoMs: z.number().min(0),
  features: z.array(z.string()).min(1),
  featuresVersion: z.int(),
  /** How it did on data that it had not seen: for people and programs, not for decisions. */
  evaluation: z.looseObject({ isBetter: z.boolean(), verdict: z.string() }),
};

/** Whose entries are looked at. */
const primarySchema = z.strictObject({
  strategy: z.string(),
  parameters: z.record(z.string(), z.unknown()),
});

/** Tells how likely an entry pays. */
export const signalModelSchema = z.strictObject({
  kind: z.literal('signal'),
  ...origin,
  primary: primarySchema,
  /** Bars after which a trade that has neither stopped nor reached its target counts as over. */
  horizonBars: z.int().min(1),
  /** The probability at which gains and losses of the examples balance. */
  breakEven: z.number().min(0).max(1),
  calibration: calibrationSchema,
  ensemble: treeEnsembleSchema,
});
export type SignalModel = Readonly<z.infer<typeof signalModelSchema>>;

/** Advises on open positions. */
export const adjusterModelSchema = z.strictObject({
  kind: z.literal('adjuster'),
  ...origin,
  primary: primarySchema,
  horizonBars: z.int().min(1),
  scaling: z.strictObject({
    means: z.array(z.number()).readonly(),
    deviations: z.array(z.number().positive()).readonly(),
  }),
  policy: networkSchema,
});
export type AdjusterModel = Readonly<z.infer<typeof adjusterModelSchema>>;

export const modelSchema = z.discriminatedUnion('kind', [signalModelSchema, adjusterModelSchema]);
export type Model = Readonly<z.infer<typeof modelSchema>>;

/** A model as it is kept. The id names its content, so that what was asked for is what is used. */
export const storedModelSchema = z.strictObject({
  id: z.string(),
  /** SHA-256 of the model as JSON without white space. */
  checksum: z.string(),
  trainedAt: z.iso.datetime(),
  model: modelSchema,
});
export type StoredModel = Readonly<z.infer<typeof storedModelSchema>>;

/** Where models are kept. */
export interface ModelSource {
  /** @throws UserError when there is no such model, or it is not what it was when it was trained */
  load(id: string): StoredModel;
}

/** For whoever has no models at hand. */
export const NO_MODELS: ModelSource = {
  load(id) {
    throw new UserError(`The model "${id}" cannot be used: there are no models here.`, TRAIN);
  },
};

const TRAIN = 'Train one with: ballast train learned --symbol BTC/USDT --from … --to …';

const checksumOf = (model: unknown): string => bytesToHex(sha256(JSON.stringify(model)));

const ID_DIGITS = 12;

/** A model with its id: what it is about in a few words, and the beginning of its checksum. */
export function storeModel(model: Model, trainedAt: string): StoredModel {
  // The checksum is of what will be read back from JSON, in the order in which it will be written.
  const written = modelSchema.parse(JSON.parse(JSON.stringify(model)));
  const checksum = checksumOf(written);
  return { id: idOf(written, checksum), checksum, trainedAt, model: written };
}

function idOf({ kind, symbols, timeframe }: Model, checksum: string): string {
  const [first = ''] = symbols;
  const about =
    symbols.length === 1 ? first.replace(/[^A-Za-z0-9]/g, '').toLowerCase() : `${symbols.length}pairs`;
  return `${kind}-${about}-${timeframe}-${checksum.slice(0, ID_DIGITS)}`;
}

/** True for a text that could be the id of a model, so that it names a file and no path. */
export const isModelId = (text: string): boolean => /^[a-z]+-[a-z0-9]+-[0-9a-z]+-[0-9a-f]{12}$/.test(text);

/**
 * Reads a kept model and makes sure that it is what it was.
 * @param text as it was kept
 * @param where for people, e.g. the file
 * @throws UserError naming the model and what is wrong with it
 */
export function readModel(id: string, text: string, where: string): StoredModel {
  const refuse = (problem: string): UserError =>
    new UserError(
      `The model "${id}" cannot be used: ${where} ${problem}.`,
      'Restore the file, or train the model again.',
    );
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw refuse('is not JSON; it has been cut off or changed');
  }
  const result = storedModelSchema.safeParse(content);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw refuse(
      `is no model of this version of Ballast (${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''})`,
    );
  }
  const stored = result.data;
  const checksum = checksumOf((content as { readonly model: unknown }).model);
  if (checksum !== stored.checksum || idOf(stored.model, checksum) !== id)
    throw refuse('has been changed since it was trained: its checksum is another');
  return stored;
}

/** @throws UserError when features have changed their meaning since the model was trained */
export function checkFeatures({ id, model }: StoredModel): void {
  if (model.featuresVersion === FEATURES_VERSION) return;
  throw new UserError(
    `The model "${id}" was trained on features of version ${model.featuresVersion}; here they are of version ${FEATURES_VERSION}.`,
    'Train it again.',
  );
}

/** When a model was trained, as far as those who test it need to know. */
export interface TrainedOn {
  readonly model: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly embargoMs: number;
}

export const trainedOn = ({ id, model }: StoredModel): TrainedOn => ({
  model: id,
  fromMs: model.trainedFromMs,
  toMs: model.trainedToMs,
  embargoMs: model.embargoMs,
});

/** True when a range from `fromMs` to before `toMs` touches what the model has seen, or lies too near to it. */
export const hasSeen = (seen: TrainedOn, fromMs: number, toMs: number): boolean =>
  fromMs < seen.toMs + seen.embargoMs && toMs > seen.fromMs - seen.embargoMs;
