import { z } from 'zod';
import { UserError } from '../errors';
import { parameterError } from '../parameter-error';
import { barNeeds, mergeNeeds, observationNeeds, type BarSource, type SeriesSpecs } from '../strategy-columns';
import { bracketIndicators, bracketShape } from './bracket';
import { createVote, type VotingMember } from './ensemble-vote';
import type { AnyStrategy, PreparedStrategy } from './prepare';
import { scopeOf } from './scope';

export const ENSEMBLE = 'ensemble';

const memberSchema = z.strictObject({
  /** Any strategy but an ensemble. */
  strategy: z.string(),
  parameters: z.record(z.string(), z.unknown()).default({}),
  weight: z.number().positive().max(1_000).default(1),
});

const parametersSchema = z.strictObject({
  members: z
    .array(memberSchema)
    .min(2)
    .max(12)
    .default(
      ['ema-cross', 'donchian', 'bollinger'].map((strategy) => ({ strategy, parameters: {}, weight: 1 })),
    ),
  /** Which part of all weight has to be for an entry; what is for the other side counts against it. */
  quorum: z.number().gt(0).max(1).default(0.6),
  /** Which part of all weight has to be for leaving. */
  exitQuorum: z.number().gt(0).max(1).default(0.5),
  /** For how many bars a member's wish to enter counts, unless the member would have left again since. */
  voteBars: z.int().min(1).max(100).default(6),
  ...bracketShape,
});
export type EnsembleParameters = z.infer<typeof parametersSchema>;

/**
 * Strategies that vote. An entry has stop, target and trail of the ensemble's own: a stop of one member with the target of another would
 * be a trade that nobody has wished for, and the nearest stop of all would be the largest position.
 * @param find the strategies that may be members. @throws UserError when there is no such strategy
 */
export function createEnsemble(find: (id: string) => AnyStrategy): AnyStrategy {
  return {
    id: ENSEMBLE,
    summary: 'Enters and leaves when enough of its members, weighted, are for it; a bracket of its own.',
    schema: parametersSchema,
    parse(input) {
      const result = parametersSchema.safeParse(input ?? {});
      if (result.success) return prepareEnsemble(result.data, find);
      const hint = `Correct the parameters of the strategy "${ENSEMBLE}".`;
      const known = Object.keys(parametersSchema.shape);
      throw parameterError(`strategies.${ENSEMBLE}`, known, input, result.error.issues, hint);
    },
  };
}

function prepareEnsemble(given: EnsembleParameters, find: (id: string) => AnyStrategy): PreparedStrategy {
  const members = given.members.map((member, index): VotingMember => {
    const strategy = memberStrategy(member, index, find);
    const twice = given.members.filter((other) => other.strategy === member.strategy).length > 1;
    const name = twice ? `${strategy.id} ${index + 1}` : strategy.id;
    return { name, strategy, weight: member.weight, scope: scopeOf(`${index + 1} ${strategy.id}: `) };
  });
  const settled = members.map(({ strategy: { id, parameters }, weight }) => ({ strategy: id, parameters, weight }));
  const versions = members.flatMap(({ strategy: { id, version } }) =>
    version === undefined ? [] : [`${id}@${version}`],
  );
  const parameters = { ...given, members: settled };
  const own = scopeOf('own: ');
  const bracket = bracketIndicators(given);
  const indicators: SeriesSpecs = Object.assign(
    { ...own.declare(bracket) },
    ...members.map(({ strategy, scope }) => scope.declare(strategy.indicators)),
  ) as SeriesSpecs;
  const lookedBack = given.voteBars - 1;
  const ownBars = barNeeds(bracket, { symbol: '', timeframe: '1m' }, 1)[0]?.bars ?? 1;
  const limits = members.flatMap(({ strategy: { maxHoldingBars } }) => maxHoldingBars ?? []);
  return {
    ...{ id: ENSEMBLE, parameters, indicators, quotes: false },
    ...(versions.length > 0 && { version: versions.join(' ') }),
    warmupBars: Math.max(ownBars, ...members.map(({ strategy }) => strategy.warmupBars + lookedBack)),
    needs: (source: BarSource) =>
      mergeNeeds([
        barNeeds(bracket, source, 1),
        ...members.map(({ strategy }) =>
          strategy.needs(source).map((need) => ({ ...need, bars: need.bars + lookedBack })),
        ),
      ]),
    observes: (symbol) => observationNeeds(indicators, symbol),
    maxHoldingBars: limits.length === 0 ? null : Math.min(...limits),
    ...createVote(members, given, own),
  };
}

/** @throws UserError that says which member */
function memberStrategy(
  { strategy: id, parameters }: EnsembleParameters['members'][number],
  index: number,
  find: (id: string) => AnyStrategy,
): PreparedStrategy {
  const where = `strategies.${ENSEMBLE}.members.${index}`;
  if (id === ENSEMBLE)
    throw new UserError(
      `${where}.strategy is "${id}": an ensemble has no ensembles in it.`,
      'Name its members instead.',
    );
  try {
    const member = find(id).parse(parameters);
    if (member.liveOnly !== undefined)
      throw new UserError(`"${id}" has no vote: ${member.liveOnly}.`, 'Name another.');
    if (!member.quotes) return member;
    throw new UserError(`"${id}" quotes prices of its own, which nobody can vote on.`, 'Name another.');
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${where}: ${error.message}`, error.hint);
  }
}
