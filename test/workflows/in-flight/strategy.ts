import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import {
  configureStrategySignal,
  flattenSignal,
  pauseSignal,
  resumeSignal,
  stopSignal,
  strategyProgressQuery,
  workflowIds,
  type StrategyProgress,
} from '../../../workflows/contract';
import { callsOf, draw, type Scenario } from './scenario';

const messages = fc.constantFrom('pause', 'resume', 'resume', 'pause', 'flatten', 'configure' as const);
/** After so many messages everything that was sent is held to what became of it. */
const CHECKPOINT = 8;
/** A bar every second, or a market that stands still. */
const SPEED = 60;

/** Every pause, resume and configuration takes effect in the order it was sent, and every flatten once. */
export const strategyScenario: Scenario = async ({ harness, world, seed }) => {
  const running = seed % 2 === 0;
  world.script.fetchCandles = () => Promise.resolve({ verdicts: [], clock: null });
  world.script.evaluateStrategy = () => Promise.resolve([]);
  if (running) world.exchange.hurry(SPEED);
  else world.exchange.state = 'paused';
  const settings = harness.settings({ timeframe: '1m', graceMs: 20 }, world);
  const id = workflowIds.strategy(world.account, settings.name);
  const handle = await harness.start('strategy', id, { settings });
  const model = { mode: 'running', reason: 'started', strategyId: settings.strategyId, flattens: 0 };

  /** What the message is to do by the model, once it has been sent. */
  const send = async (message: string, number: number): Promise<void> => {
    const request = { by: 'tester', reason: `${message} ${number}` };
    const turn = (from: string, to: string): void => {
      if (model.mode === from) Object.assign(model, { mode: to, reason: `${request.reason} (tester)` });
    };
    if (message === 'pause') {
      await handle.signal(pauseSignal, request);
      turn('running', 'paused');
    } else if (message === 'resume') {
      await handle.signal(resumeSignal, request);
      turn('paused', 'running');
    } else if (message === 'flatten') {
      await handle.signal(flattenSignal, request);
      model.flattens += 1;
      turn('running', 'paused');
    } else {
      model.strategyId = `${settings.strategyId} ${number}`;
      await handle.signal(configureStrategySignal, { ...settings, strategyId: model.strategyId });
    }
  };
  const flattened = (): number => callsOf(world, 'flattenPositions').length;
  const agree = async (): Promise<boolean> => {
    const { mode, modeReason } = await handle.query(strategyProgressQuery);
    const details = await harness.detailsOf(id);
    return (
      mode === model.mode &&
      modeReason === model.reason &&
      details.includes(`${model.strategyId} on `) &&
      flattened() >= model.flattens
    );
  };

  for (const [number, { message, waitMs }] of draw(seed, messages, { min: 30, max: 40 }).entries()) {
    await send(message, number);
    if (waitMs > 0) await sleep(waitMs);
    if (number % CHECKPOINT === CHECKPOINT - 1) await harness.until(agree, { limitMs: 30_000 });
  }
  await harness.until(agree, { limitMs: 30_000 });
  await handle.signal(stopSignal, { by: 'tester', reason: 'the end', flatten: true });
  const last = (await handle.result()) as StrategyProgress;
  expect(last).toMatchObject({ mode: 'stopping', modeReason: 'the end (tester)' });
  // Where no cycle runs, nothing but a message makes it flatten.
  if (running) expect(flattened()).toBeGreaterThan(model.flattens);
  else expect(flattened()).toBe(model.flattens + 1);
  return id;
};
