import { Context } from '@temporalio/activity';
import type { ActivityDeps } from '../deps';
import { createEvaluation } from '../evaluation';
import { createProtection } from '../protection';
import { tellOwner } from '../wake';
import type { LaneActivities } from './contract';
import { LaneMarks } from './lane-marks';
import { LaneRun, type LaneTools } from './lane-run';

/** Fast lanes: the strategies of cycles on what the exchange streams, through the same journal, risk and outbox (docs/fast-lane.md). */
export function createLaneActivities(deps: ActivityDeps): LaneActivities {
  const tools = createLaneTools(deps);
  return {
    openLane: (input) => deps.store.openLane(input),
    runLane: (input) => new LaneRun(deps, input, tools).run(Context.current().cancellationSignal),
  };
}

/** The ways of cycles and positions, which lanes take too. */
export function createLaneTools(deps: ActivityDeps): LaneTools {
  const { carryOut, settled, spread } = createProtection(deps);
  return {
    evaluate: createEvaluation(deps),
    marks: new LaneMarks(deps),
    sendEntry: async (...entry) => spread(await settled(() => deps.desk.sendEntry(...entry))),
    carryOut: async (positionId) => {
      for (const order of await carryOut(positionId)) await tellOwner(deps.owners, order);
    },
  };
}
