import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { ReconcileInput } from '../../../activities/reconciliation';
import { reconcileNow } from '../../../cli/reconciliation-client';
import { FindingKind, Severity, type Finding } from '../../../domain/findings';
import { workflowIds } from '../../../workflows/contract';
import { accountOf, callsOf, draw, type Scenario } from './scenario';

const messages = fc.constantFrom('tell', 'tell', 'wake', 'ask' as const);
/** So many are sent while a look is under way, which takes this long at least. */
const GROUP = 5;
const LOOK_MS = 400;

const findingOf = (number: number): Finding => ({
  kind: FindingKind.ManualCancel,
  severity: Severity.Notice,
  subject: `finding ${number}`,
  message: `finding ${number}`,
});

/** Every finding is given to one look, and whoever asks gets the report of a look that began afterwards. */
export const reconciliationScenario: Scenario = async (stage) => {
  const { harness, world, seed } = stage;
  const { owners } = world.deps;
  const { reconcileAccount } = world.real;
  let looks = 0;
  /** How many looks had begun when the last group was sent: another will follow. */
  let sentAt = 0;
  world.script.reconcileAccount = async (input) => {
    const checkedOrders = (looks += 1); // tells the reports apart
    await sleep(LOOK_MS);
    return { ...(await reconcileAccount(input)), checkedOrders };
  };
  const told: string[] = [];
  const answers: Promise<{ readonly answer: number; readonly after: number }>[] = [];
  for (const [number, { message, waitMs }] of draw(seed, messages, { min: 25, max: 35 }).entries()) {
    const trigger = `${message} ${number}`;
    if (number % GROUP === 0) {
      const begun = sentAt;
      if (number > 0) await harness.until(() => looks > begun, { stepMs: 20 });
      sentAt = looks;
    }
    if (message === 'ask') {
      const after = looks;
      const asked = reconcileNow(harness.client, { ...accountOf(stage), trigger });
      answers.push(asked.then(({ checkedOrders }) => ({ answer: checkedOrders, after })));
    } else {
      const finding = message === 'tell' ? findingOf(number) : undefined;
      if (finding !== undefined) told.push(finding.subject);
      await owners.wakeReconciliation(world.account, trigger, finding);
    }
    if (waitMs > 0) await sleep(waitMs);
  }
  for (const { answer, after } of await Promise.all(answers)) expect(answer).toBeGreaterThan(after);
  const id = workflowIds.reconciliation(world.account);
  await harness.until(async () => (await harness.statusOf(id)) === 'COMPLETED');
  const given = callsOf(world, 'reconcileAccount') as readonly ReconcileInput[];
  const heard = given.flatMap((look) => (look.told ?? []).map(({ subject }) => subject));
  expect([...heard].sort()).toEqual([...told].sort());
  return id;
};
