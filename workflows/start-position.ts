import { startUnlessRunning } from './children';
import { tags, type PositionInput } from './contract';
import { position } from './position.workflow';

/** Gives a granted position its owner; false when it has one. `why` is shown in the Web UI. */
export function startPosition(input: PositionInput, what: string, why: string): Promise<boolean> {
  const { account, strategy, symbol, positionId } = input;
  return startUnlessRunning(position, {
    workflowId: positionId,
    args: [input],
    staticSummary: `${strategy}: ${what}`,
    staticDetails: why,
    typedSearchAttributes: tags({ account, strategy, symbol, side: 'buy' }),
  });
}
