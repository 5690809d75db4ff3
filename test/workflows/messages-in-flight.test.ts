import { processEnvironment } from '../../config/environment';
import { Harness } from './harness';
import { emergencyStopScenario } from './in-flight/emergency-stop';
import { orderLifecycleScenario } from './in-flight/order-lifecycle';
import { positionScenario } from './in-flight/position';
import { reconciliationScenario } from './in-flight/reconciliation';
import { riskDeskScenario } from './in-flight/risk-desk';
import type { Scenario } from './in-flight/scenario';
import { strategyScenario } from './in-flight/strategy';

/** A run is continued after so many events: every handful of messages. */
const SUGGEST_AT = 25;
/** Seeds that once found something. */
const KEPT: Readonly<Record<string, readonly number[]>> = {};
const SCENARIOS: Readonly<Record<string, Scenario>> = {
  strategy: strategyScenario,
  riskDesk: riskDeskScenario,
  orderLifecycle: orderLifecycleScenario,
  position: positionScenario,
  emergencyStop: emergencyStopScenario,
  reconciliation: reconciliationScenario,
};
/** Accounts that are busy at once. */
const AT_ONCE = 6;
const TIME_LIMIT_MS = 600_000;

/** `BALLAST_SEEDS=200` tries the first two hundred, `BALLAST_SEEDS=17-17` one of them. */
function seeds(): readonly number[] {
  const [, from = '1', to = '6'] =
    /^(?:(\d+)-)?(\d+)$/.exec(processEnvironment().env.BALLAST_SEEDS ?? '6') ?? [];
  const first = Number(from);
  return Array.from({ length: Number(to) - first + 1 }, (_, index) => first + index);
}

describe('messages in flight while runs continue as new', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await Harness.startOnDevServer(SUGGEST_AT);
  });
  afterAll(async () => {
    await harness.shutdown();
  });

  it.each(Object.entries(SCENARIOS))(
    '%s: none is lost, and each has its effect',
    async (name, scenario) => {
      const waiting = [...new Set([...(KEPT[name] ?? []), ...seeds()])];
      const failures: string[] = [];
      let continued = 0;
      const play = async (): Promise<void> => {
        for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
          try {
            const world = await harness.addWorld();
            const id = await scenario({ harness, world, seed });
            if (await harness.wasContinued(id)) continued += 1;
          } catch (error) {
            failures.push(`BALLAST_SEEDS=${seed}-${seed}: ${String(error)}`);
          }
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, play));
      expect(failures).toEqual([]);
      expect(continued).toBeGreaterThan(0);
    },
    TIME_LIMIT_MS,
  );
});
