import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { createDeliberationStore } from '../../adapters/store/deliberations';
import { lastCloseMs } from '../../domain/bar';
import { marketTimeAt } from '../../domain/clock';
import { panelSettingsSchema } from '../../domain/deliberation/settings';
import { positionId } from '../../domain/ids';
import {
  startOptions,
  workflowIds,
  type TradingCycleInput,
  type TradingCycleResult,
} from '../../workflows/contract';
import { openAiWire, startVendor, type Behaviour, type VendorServer } from '../adapters/llm/vendor-server';
import { startServers, type Servers } from '../crash/harness/servers';
import { waitFor } from '../crash/harness/wait';
import { INFERENCE } from '../crash/harness/worker-process';
import { World } from '../crash/harness/world';

const SYMBOL = 'BTC/USDT';
/** A strategy of the user's that proposes an entry on every bar. */
const EAGER = `import { bracketIndicators, bracketShape, defineStrategy, enterWithBracket, hold, z } from 'ballast/strategy';
const because = () => [{ code: 'eager', text: 'Every bar is a candidate' }];
export const strategy = defineStrategy({
  id: 'eager',
  summary: 'Enters whenever it is flat.',
  parameters: z.strictObject({ ...bracketShape, stopAtr: bracketShape.stopAtr.default(2) }),
  indicators: bracketIndicators,
  onBar: (view, parameters) => (view.position === null ? enterWithBracket(view, parameters, because) : hold(because)),
});
`;
/** By what the system message of its prompt begins with. */
const SEATS = ['Analyst', 'Risk Officer', "Devil's Advocate", 'Supervisor'] as const;

/** Answers piece by piece, so that there is time to kill somebody in between. */
const says = (own: object): Behaviour => ({
  ...{ kind: 'text', delayMs: 150 },
  parts: [
    JSON.stringify({ verdict: 'confirm', sizeFactor: 1, confidence: 0.5, reasons: ['Because.'], ...own }),
  ],
});
const SCRIPT = {
  Analyst: says({ outlook: 'up' }),
  'Risk Officer': says({ risks: [] }),
  "Devil's Advocate": says({ objection: 'It may fall.' }),
  Supervisor: says({ verdict: 'shrink', sizeFactor: 0.5 }),
} as const;

const seatOf = (body: unknown) => SEATS.find((seat) => JSON.stringify(body).includes(`You are the ${seat}`));

describe('SIGKILL in the middle of a panel', () => {
  let servers: Servers;
  let vendor: VendorServer;
  let world: World;
  let cycles = 0;

  beforeAll(async () => {
    servers = await startServers();
    vendor = await startVendor(openAiWire, (body) => {
      const seat = seatOf(body);
      return seat === undefined ? undefined : SCRIPT[seat];
    });
    const strategiesDir = join(servers.folder, 'strategies');
    mkdirSync(strategiesDir, { recursive: true });
    writeFileSync(join(strategiesDir, 'eager.ts'), EAGER);
    const model = {
      name: 'big',
      provider: 'compatible',
      baseUrl: `${vendor.url}/v1`,
      model: 'large',
      retries: 0,
    };
    const models = { available: [model], roles: { panel: ['big'] } };
    const settings = { BALLAST__strategiesDir: strategiesDir, BALLAST__models: JSON.stringify(models) };
    world = await World.open(servers, { name: 'panel', settings });
    // Two of each: whoever is killed, somebody is there to go on before the panel's deadline, however busy the machine is.
    await Promise.all([
      world.startWorker('b'),
      world.startWorker('inference-a', INFERENCE),
      world.startWorker('inference-b', INFERENCE),
    ]);
  });
  beforeEach(() => {
    vendor.requests.length = 0;
  });
  afterAll(async () => {
    await world.close();
    await vendor.close();
    await servers.close();
  });

  /** Who was asked, in order, by the model's own journal. */
  const asked = () => vendor.requests.map(({ body }) => seatOf(body));

  /** One cycle with a panel, during which `strike` is done when this many seats have been asked. */
  async function killed(victimOf: (handle: WorkflowHandle) => Promise<string>, whenAsked: number) {
    cycles += 1;
    const clock = await world.port.clock();
    const barCloseMs = lastCloseMs(Math.floor(marketTimeAt(clock, Date.now())), '1m');
    const name = `eager-${cycles}`;
    const seats = panelSettingsSchema.parse({}).seats.map(({ seat }) => ({ seat, role: 'panel' }));
    const input: TradingCycleInput = {
      settings: {
        ...{
          ...world.account,
          name,
          strategyId: 'eager',
          symbols: [SYMBOL],
          timeframe: '1m',
          parameters: {},
        },
        ...{ limits: world.limits, graceMs: 0, entryTtlBars: 60, maxHoldingBars: null },
        deliberation: panelSettingsSchema.parse({ seats, quorum: 4 }),
      },
      ...{ session: clock.session, barCloseMs, previousBarCloseMs: null, entriesPaused: false },
    };
    const handle = await world.client.workflow.start('tradingCycle', {
      ...startOptions,
      workflowId: workflowIds.tradingCycle(world.account.account, clock.session, name, barCloseMs),
      args: [input],
    });
    await waitFor(`${whenAsked} seats to be asked`, () => (asked().length >= whenAsked ? true : undefined));
    const identity = await victimOf(handle);
    const victim = world.allWorkers.find(({ pid }) => identity.startsWith(`${pid ?? 0}@`));
    if (victim === undefined) throw new Error(`${identity} is no process of this world.`);
    victim.kill();
    const { outcomes } = (await handle.result()) as TradingCycleResult;
    const { account } = world.account;
    const id = positionId({ account, session: clock.session, strategy: name, symbol: SYMBOL, barCloseMs });
    const held = await createDeliberationStore(world.pool).find(id);
    await world.agreement();
    return { outcome: outcomes[0]?.outcome, held, id };
  }

  const bought = (): number => world.exchange.record().orders.filter(({ side }) => side === 'BUY').length;
  const sizeFactorOf = async (id: string): Promise<unknown> => {
    const { rows } = await world.pool.query<{ size_factor: string }>(
      'SELECT size_factor::text FROM approvals WHERE position_id = $1',
      [id],
    );
    return rows[0]?.size_factor;
  };

  /** Who speaks now. */
  async function speaker(handle: WorkflowHandle): Promise<string> {
    const { raw } = await handle.describe();
    return raw.pendingActivities?.[0]?.lastWorkerIdentity ?? '';
  }

  /** Who runs the workflow. */
  async function conductor(handle: WorkflowHandle): Promise<string> {
    const { events } = await handle.fetchHistory();
    const tasks = (events ?? []).flatMap(
      ({ workflowTaskStartedEventAttributes: task }) => task?.identity ?? [],
    );
    return tasks.at(-1) ?? '';
  }

  it('of the process that speaks: its speaker is asked again, and nobody who has answered', async () => {
    const { outcome, held, id } = await killed(speaker, 2);
    expect(asked()).toEqual(['Analyst', 'Risk Officer', 'Risk Officer', "Devil's Advocate", 'Supervisor']);
    expect(outcome).toBe('enter');
    expect(held?.answers.map(({ failure }) => failure)).toEqual([null, null, null, null]);
    expect(held).toMatchObject({ outcome: 'shrink', sizeFactor: '0.5' });
    // The call that was cut off is linked to its seat too.
    expect(held?.answers[1]?.callIds.length).toBeGreaterThanOrEqual(2);
    expect([await sizeFactorOf(id), bought()]).toEqual(['0.5', 1]);
  });

  it('of the worker: the next speaker speaks, and nobody is asked again', async () => {
    const { outcome, id } = await killed(conductor, 2);
    expect(asked()).toEqual([...SEATS]);
    expect(outcome).toBe('enter');
    expect([await sizeFactorOf(id), bought()]).toEqual(['0.5', 2]);
  });
});
