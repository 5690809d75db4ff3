import { z } from 'zod';
import { calibrated } from '../learning/calibration';
import { featureSet, type FeatureSet } from '../learning/features';
import {
  checkFeatures,
  hasSeen,
  trainedOn,
  type ModelSource,
  type SignalModel,
  type StoredModel,
} from '../learning/model';
import { compileTrees, contributionsOf, nodeMeans, scoreOf } from '../learning/trees';
import { timeframeMs } from '../bar';
import { UserError } from '../errors';
import { holdingLimit } from '../management';
import { parameterError } from '../parameter-error';
import { exit, hold, SignalKind, type Reason, type StrategyView } from '../strategy';
import { everyBarStrategy } from './every-bar';
import { withColumns } from './extended';
import type { AnySignal, AnyStrategy, PreparedStrategy } from './prepare';

const parametersSchema = z.strictObject({
  /** Id of the model; `ballast models` lists those there are. */
  model: z.string().min(1),
  /** Enter when the probability that the trade pays is at least this; null for the model's break-even plus `margin`. */
  threshold: z.number().min(0).max(1).nullable().default(null),
  /** What the probability must have above break-even, where no threshold is given. */
  margin: z.number().min(0).max(0.5).default(0.02),
  /** Leave when the probability of a new trade falls below this; null for never. */
  exitBelow: z.number().min(0).max(1).nullable().default(null),
});
export type LearnedParameters = Readonly<z.infer<typeof parametersSchema>>;

export const LEARNED_ID = 'learned';
/** How many features are named on either side of a reason. */
const NAMED = 3;

/** What the strategy is made with. */
export interface LearnedParts {
  readonly models: ModelSource;
  /** Finds the strategy whose entries a model was trained on. */
  readonly find: (id: string) => AnyStrategy;
}

/**
 * Takes the entries of another strategy (or of every bar) that a model thinks will pay: meta-labelling (M. López de Prado,
 * "Advances in Financial Machine Learning", 2018, section 3.6). Bracket and exits are the other's. The model is loaded and
 * verified when parameters are parsed, before the first bar.
 */
export const createLearnedStrategy = (parts: LearnedParts): AnyStrategy => ({
  id: LEARNED_ID,
  summary:
    'Enters where a trained model gives a trade a good chance to pay; stop and target of what it was trained on.',
  schema: parametersSchema,
  parse(input) {
    const result = parametersSchema.safeParse(input ?? {});
    if (result.success) return prepareLearned(parts, result.data);
    const known = Object.keys(parametersSchema.shape);
    const hint = 'Train a model with `ballast train`, and name it: --param model=ID';
    throw parameterError(`strategies.${LEARNED_ID}`, known, input, result.error.issues, hint);
  },
});

/** The strategy whose entries a model looks at. */
export const findProposer = (id: string, find: LearnedParts['find']): AnyStrategy =>
  id === everyBarStrategy.id ? everyBarStrategy : find(id);

function prepareLearned({ models, find }: LearnedParts, parameters: LearnedParameters): PreparedStrategy {
  const stored = models.load(parameters.model);
  const { model } = stored;
  if (model.kind !== 'signal')
    throw new UserError(
      `The model "${stored.id}" is of kind "${model.kind}" and gives no signals.`,
      'Name one of kind "signal": ballast models',
    );
  checkFeatures(stored);
  const { strategy, parameters: ofPrimary } = model.primary;
  const primary = findProposer(strategy, find).parse(ofPrimary);
  const features = featureSet(model.features, model.timeframe);
  const base = withColumns(primary, features.series, features.warmupBars);
  const decider = new Decider(stored, model, primary, features, parameters);
  return {
    ...base,
    id: LEARNED_ID,
    parameters,
    needs(own) {
      if (own.timeframe === model.timeframe) return base.needs(own);
      throw new UserError(
        `The model "${stored.id}" was trained on bars of ${model.timeframe}, not of ${own.timeframe}.`,
        `Use it with the timeframe ${model.timeframe}.`,
      );
    },
    maxHoldingBars: holdingLimit(model.horizonBars, primary.maxHoldingBars),
    trainedOn: [trainedOn(stored)],
    onBar: (view) => decider.onBar(view),
    explain: (signal, view) => signal.because(view, parameters as never),
  };
}

/** Decides by a model. What it keeps between bars is memory to work in, nothing that a decision depends on. */
class Decider {
  private readonly trees;
  private readonly row: Float64Array;
  private readonly threshold: number;
  private readonly unlikely: AnySignal;
  private readonly stillLikely: AnySignal;
  private readonly gone: AnySignal;

  constructor(
    private readonly stored: StoredModel,
    private readonly model: SignalModel,
    private readonly primary: PreparedStrategy,
    private readonly features: FeatureSet,
    private readonly parameters: LearnedParameters,
  ) {
    this.trees = compileTrees(model.ensemble);
    this.row = new Float64Array(features.names.length);
    this.threshold = parameters.threshold ?? Math.min(1, model.breakEven + parameters.margin);
    this.unlikely = hold((view) => this.reasons(view, 'unlikely', `less than ${text(this.threshold)}`));
    const { exitBelow } = parameters;
    const limit = text(exitBelow ?? 0);
    this.stillLikely = hold((view) => this.reasons(view, 'still-likely', `at least ${limit}`));
    this.gone = exit((view) => this.reasons(view, 'no-longer-likely', `less than ${limit}`));
  }

  onBar(view: StrategyView): AnySignal {
    const signal = this.primary.onBar(view);
    const { exitBelow } = this.parameters;
    if (signal.kind === SignalKind.Exit) return exit((at) => this.primary.explain(signal, at));
    if (signal.kind === SignalKind.Hold) {
      if (view.position === null || exitBelow === null) return hold((at) => this.primary.explain(signal, at));
      return this.probability(view) < exitBelow ? this.gone : this.stillLikely;
    }
    if (!(this.probability(view) >= this.threshold)) return this.unlikely;
    return {
      ...signal,
      because: (at: StrategyView) => [
        ...this.reasons(at, 'likely', `at least ${text(this.threshold)}`),
        ...this.primary.explain(signal, at),
      ],
    };
  }

  private probability(view: StrategyView): number {
    this.features.read(view, this.row);
    return calibrated(this.model.calibration, scoreOf(this.trees, this.row));
  }

  private reasons(view: StrategyView, code: string, compared: string): readonly Reason[] {
    const probability = this.probability(view);
    const { id } = this.stored;
    const chance: Reason = {
      code,
      text: `The model ${id} gives a new trade ${text(probability)} to pay, ${compared}`,
      values: { probability, threshold: this.threshold, breakEven: this.model.breakEven },
    };
    return [chance, this.mainFeatures(), ...this.warnings(view)];
  }

  /** The features of the bar just read that say most for and against. */
  private mainFeatures(): Reason {
    const parts = contributionsOf(this.trees, nodeMeans(this.trees), this.row);
    const { names } = this.features;
    const order = Array.from(parts, (part, index) => ({
      part,
      name: names[index] ?? '',
      value: this.row[index] ?? NaN,
    }))
      .filter(({ part }) => part !== 0)
      .sort((a, b) => b.part - a.part);
    const told = (list: typeof order): string =>
      list
        .map(({ name, value }) => `${name} ${Number.isNaN(value) ? 'missing' : Number(value.toPrecision(3))}`)
        .join(', ') || 'nothing';
    const pro = order.filter(({ part }) => part > 0).slice(0, NAMED);
    const contra = order
      .filter(({ part }) => part < 0)
      .slice(-NAMED)
      .reverse();
    return {
      code: 'features',
      text: `For it: ${told(pro)}; against it: ${told(contra)}`,
      values: Object.fromEntries([...pro, ...contra].map(({ name, part }) => [name, part])),
    };
  }

  private warnings(view: StrategyView): readonly Reason[] {
    const { openTimeMs, timeframe, symbol } = view;
    const seen = hasSeen(trainedOn(this.stored), openTimeMs, openTimeMs + timeframeMs(timeframe));
    return [
      ...(seen
        ? [{ code: 'in-sample', text: 'The model was trained on this time: its probability proves nothing' }]
        : []),
      ...(this.model.symbols.includes(symbol)
        ? []
        : [
            {
              code: 'other-symbol',
              text: `The model was trained on ${this.model.symbols.join(', ')}, not on ${symbol}`,
            },
          ]),
    ];
  }
}

const text = (probability: number): string => probability.toFixed(3);
