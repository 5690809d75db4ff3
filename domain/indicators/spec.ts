import { z } from 'zod';
import { UserError } from '../errors';
import { parameterError } from '../parameter-error';
import { PriceSource } from './source';

/**
 * Which indicator, with which parameters: plain data that can be stored, sent and compared. Defaults may be left out;
 * the constructors of `indicators` check and fill them in.
 */

/** As in TA-Lib. */
const MAX_PERIOD = 100_000;

const period = (minimum: number): z.ZodInt => z.int().min(minimum).max(MAX_PERIOD);
const source = z.enum(PriceSource).default('close');

export const schemas = {
  sma: z.strictObject({ kind: z.literal('sma'), period: period(1), source }),
  ema: z.strictObject({ kind: z.literal('ema'), period: period(1), source }),
  rsi: z.strictObject({
    kind: z.literal('rsi'),
    period: period(2),
    source,
    /** The value while nothing has moved yet. 0 is TA-Lib's; 50 says neither bought nor sold. */
    flatValue: z.number().min(0).max(100).default(0),
  }),
  atr: z.strictObject({ kind: z.literal('atr'), period: period(1) }),
  adx: z.strictObject({ kind: z.literal('adx'), period: period(2) }),
} as const;

type Schemas = typeof schemas;
export type IndicatorKind = keyof Schemas;

/** The spec of a kind with every parameter settled. */
export type ParsedSpec<K extends IndicatorKind = IndicatorKind> = {
  [Kind in K]: Readonly<z.output<Schemas[Kind]>>;
}[K];

/** The spec of a kind; what has a default may be left out. */
export type IndicatorSpec<K extends IndicatorKind = IndicatorKind> = {
  [Kind in K]: Readonly<z.input<Schemas[Kind]>>;
}[K];

/** Every parameter of a kind but those that are given by position. */
type Options<K extends IndicatorKind, Positional extends string = never> = Readonly<
  Partial<Omit<z.input<Schemas[K]>, 'kind' | Positional>>
>;

/** Specs by their constructors: `indicators.ema(12)`. Each throws UserError naming a bad parameter. */
export const indicators = {
  sma: (period: number, options: Options<'sma', 'period'> = {}): ParsedSpec<'sma'> =>
    parseAs('sma', { period, ...options }),
  ema: (period: number, options: Options<'ema', 'period'> = {}): ParsedSpec<'ema'> =>
    parseAs('ema', { period, ...options }),
  rsi: (period = 14, options: Options<'rsi', 'period'> = {}): ParsedSpec<'rsi'> =>
    parseAs('rsi', { period, ...options }),
  atr: (period = 14): ParsedSpec<'atr'> => parseAs('atr', { period }),
  adx: (period = 14): ParsedSpec<'adx'> => parseAs('adx', { period }),
} as const satisfies Readonly<Record<IndicatorKind, unknown>>;

/**
 * Checks a spec that came from outside and fills in defaults.
 * @throws UserError naming the unknown kind, or each bad parameter, its value and what is allowed
 */
export function parseSpec(spec: unknown): ParsedSpec {
  if (typeof spec !== 'object' || spec === null || !('kind' in spec)) {
    throw new UserError('An indicator is an object with its "kind".', KNOWN_KINDS);
  }
  if (isKind(spec.kind)) return parseAs(spec.kind, spec);
  throw new UserError(`There is no indicator "${String(spec.kind)}".`, KNOWN_KINDS);
}

const KNOWN_KINDS = `Known indicators: ${Object.keys(schemas).join(', ')}.`;

const isKind = (kind: unknown): kind is IndicatorKind =>
  typeof kind === 'string' && Object.hasOwn(schemas, kind);

function parseAs<K extends IndicatorKind>(kind: K, parameters: object): ParsedSpec<K>;
function parseAs(kind: IndicatorKind, parameters: object): ParsedSpec {
  const schema = schemas[kind];
  const result = schema.safeParse({ ...parameters, kind });
  if (result.success) return result.data;
  const known = Object.keys(schema.shape).filter((name) => name !== 'kind');
  throw parameterError(
    `indicators.${kind}`,
    known,
    parameters,
    result.error.issues,
    `Correct the parameters of the indicator "${kind}".`,
  );
}

/**
 * The same text for specs that mean the same, whatever order and defaults they were written with: the key under which
 * results are shared. @throws UserError as {@link parseSpec}
 */
export const specKey = (spec: IndicatorSpec): string => JSON.stringify(parseSpec(spec));
