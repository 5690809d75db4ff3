import type { AdjusterModel, SignalModel } from '../../domain/learning/model';
import { networkSchema } from '../../domain/learning/network';
import { treeEnsembleSchema } from '../../domain/learning/trees';
import { omit } from '../../domain/omit';
import type { AnyStrategy } from '../../domain/strategies/prepare';
import { findProposer } from '../../domain/strategies/learned';
import { signalModelSteps, type SignalModelRequest, type TrainingData } from './signal-model';
import type { TrainingSteps } from './steps';
import { adjusterSteps, type AdjusterEvaluation, type AdjusterRequest } from './train-adjuster';
import type { TrainedSignal } from './train-signal';

/** Whose entries or positions: a strategy by its name. */
interface Primary {
  readonly primary: { readonly strategy: string; readonly parameters: Readonly<Record<string, unknown>> };
}

type Left = 'primary' | 'codeVersion' | 'onProgress';

/** A training as plain data, so that it can be stored and sent. Where its bars are from is not part of it. */
export type TrainingDefinition =
  | (Primary & Omit<SignalModelRequest, Left> & { readonly kind: 'signal' })
  | (Primary & Omit<AdjusterRequest, Left> & { readonly kind: 'adjuster' });

/** What a training comes to, as plain data: the model, and what there is to print. */
export type TrainingOutcome =
  | {
      readonly kind: 'signal';
      readonly model: SignalModel;
      readonly trained: TrainedSignal;
      readonly notes: readonly string[];
    }
  | {
      readonly kind: 'adjuster';
      readonly model: AdjusterModel;
      readonly evaluation: AdjusterEvaluation;
      readonly notes: readonly string[];
    };

export const signalDefinition = (request: SignalModelRequest): TrainingDefinition => ({
  kind: 'signal',
  ...plain(request),
});

export const adjusterDefinition = (request: AdjusterRequest): TrainingDefinition => ({
  kind: 'adjuster',
  ...plain(request),
});

function plain<T extends SignalModelRequest | AdjusterRequest>(request: T): Primary & Omit<T, Left> {
  const { id, parameters } = request.primary;
  const primary = { strategy: id, parameters: { ...parameters } };
  return { ...omit(request, 'primary', 'codeVersion', 'onProgress'), primary };
}

/**
 * The steps of a training whose parts have been kept as JSON.
 * @param codeVersion of the code that trains
 * @throws UserError when there is too little to learn from, or no such strategy
 */
export function trainingSteps(
  definition: TrainingDefinition,
  { find, codeVersion }: { readonly find: (id: string) => AnyStrategy; readonly codeVersion: string },
  data: TrainingData,
): TrainingSteps<unknown, TrainingOutcome> {
  const { strategy, parameters } = definition.primary;
  const primary = findProposer(strategy, find).parse(parameters);
  if (definition.kind === 'signal') {
    const { names, make, conclude } = signalModelSteps({ ...definition, primary, codeVersion }, data);
    return {
      ...{ names, make },
      conclude: (parts) => ({
        kind: 'signal',
        ...conclude(parts.map((part) => treeEnsembleSchema.parse(part))),
      }),
    };
  }
  const { names, make, conclude } = adjusterSteps({ ...definition, primary, codeVersion }, data);
  return {
    ...{ names, make },
    conclude: (parts) => ({
      ...{ kind: 'adjuster', notes: [] },
      ...conclude(parts.map((part) => networkSchema.parse(part))),
    }),
  };
}
