import { directStop } from '../../adapters/exchange/direct-stop/direct-stop';
import { decimal } from '../../domain/decimal';
import { FindingKind, isUnexplained, Severity, type ReconciliationReport } from '../../domain/findings';
import { clientOrderId, clientOrderIdPrefix } from '../../domain/ids';
import { Leg, OrderType, Side } from '../../domain/order';
import { ExitReason, PositionState } from '../../domain/position';
import { TradingMode } from '../../domain/risk';
import { workflowIds } from '../../workflows/contract';
import { tradeByHand } from '../crash/harness/hand-trades';
import { Instant } from '../crash/harness/moments';
import { untilRunning } from '../crash/harness/operator';
import { startServers, type Servers } from '../crash/harness/servers';
import { grantPosition, openPosition } from '../crash/harness/trading';
import { namesOf, revive, strike, Victim, VICTIMS, type Victims } from '../crash/harness/victims';
import { waitFor } from '../crash/harness/wait';
import { SYMBOLS, World, type WorldOptions } from '../crash/harness/world';

const BTC = 'BTC/USDT';

describe('reconciliation', () => {
  let servers: Servers;
  let world: World;
  let worlds = 0;

  beforeAll(async () => {
    servers = await startServers();
  });
  afterEach(() => world.close());
  afterAll(() => servers.close());

  /** What is bought past the journal looks like a loss until it is explained; that is not what is tested here. */
  const limits = { dailyLossFraction: 0.9, maxDrawdownFraction: 0.9 };

  async function open(options: Partial<WorldOptions> = {}): Promise<void> {
    worlds += 1;
    world = await World.open(servers, { name: `reconciliation_${worlds}`, limits, ...options });
  }

  const mode = async () => (await world.store.account(world.account.account))?.mode;
  const untilMode = (wanted: TradingMode): Promise<unknown> =>
    waitFor(`the account to be ${wanted}`, async () => ((await mode()) === wanted ? true : undefined));
  const buys = (): number => world.exchange.record().orders.filter(({ side }) => side === 'BUY').length;
  const unexplained = ({ findings }: ReconciliationReport) => findings.filter(isUnexplained);

  /** Buys at the exchange past the journal, under an id that a lost journal may have given out. */
  async function buyPastTheJournal(deployment: string): Promise<string> {
    const { session } = await world.port.clock();
    const identity = {
      deployment,
      account: 'main',
      session,
      positionId: 'lost',
      leg: Leg.Entry,
      sequence: 0,
    };
    const id = clientOrderId(identity);
    await world.port.submit({
      ...{ clientOrderId: id, symbol: BTC, side: Side.Buy, type: OrderType.Market },
      ...{ quantity: decimal('0.001'), limitPrice: null, stopPrice: null },
      sendDeadlineMs: Date.now() + 2_000,
    });
    return id;
  }

  /** Everybody at one instant, and the worker, who is the one to act, also right before. */
  const kills = [
    { instant: Instant.Write, victims: [Victim.Worker] },
    ...VICTIMS.map((victims) => ({ instant: Instant.Written, victims })),
  ].map((each) => ({ ...each, who: namesOf(each.victims) }));

  /** Kills at the first moment of this kind, and starts again what does not do so by itself. */
  async function struck(victims: Victims, instant: Instant, words: readonly string[]): Promise<void> {
    await world.when(instant, words, () => strike(world, victims, instant));
    await revive(world, victims);
  }

  const strayPositions = async () =>
    (await world.records()).journal.positions.filter(({ positionId }) => positionId.includes('/stray-'));

  describe('a journal restored from an older copy', () => {
    it.each(kills)(
      'learns what it has lost, though $who is killed $instant of an adoption',
      async ({ instant, victims }) => {
        await open();
        const trailed = await openPosition(world, 'trailed');
        await trailed.untilProtected();
        const granted = await grantPosition(world, 'granted');
        await world.keepJournal(`copy_${worlds}`);
        const stopPrice = await trailed.trail('0.98');
        await trailed.untilTrailed(stopPrice);
        await granted.start();
        await granted.untilProtected();
        const killed = struck(victims, instant, ['INSERT INTO orders', trailed.id(Leg.Stop, 1)]);
        await world.restoreJournal(`copy_${worlds}`);
        await killed;
        await world.agreement();
        expect(buys()).toBe(2);
        expect(world.placed(trailed.id(Leg.Stop, 1))).toHaveLength(1);
        expect((await trailed.view()).stopPrice).toBe(stopPrice);
        const report = await world.reconcile();
        expect(unexplained(report)).toEqual([]);
        expect(await mode()).toBe(TradingMode.Active);
      },
    );

    it('reduces because of a position that it has lost altogether, and takes it back by policy', async () => {
      await open();
      await world.keepJournal(`copy_${worlds}`);
      const lost = await openPosition(world, 'idle');
      const { stopPrice } = await lost.untilProtected();
      await world.restoreJournal(`copy_${worlds}`);
      await untilMode(TradingMode.Reducing);
      const alerted = await world.reconcile();
      expect(unexplained(alerted).map(({ kind }) => kind)).toEqual([FindingKind.Stray, FindingKind.Stray]);
      const { code, stdout } = await world.ballast('reconcile', '--json');
      expect(code).toBe(4);
      expect((JSON.parse(stdout) as ReconciliationReport).findings).toHaveLength(2);

      const report = await world.reconcile({ strays: 'adopt' });
      expect(report.done.map(({ kind }) => kind)).toEqual(['position-recovered', 'order-adopted']);
      expect(report.mode).toBe(TradingMode.Active);
      expect((await lost.view()).stopPrice).toBe(stopPrice);
      await world.agreement();
      await lost.leave(ExitReason.Flatten);
      await lost.untilClosed();
      await world.agreement();
      expect(buys()).toBe(1);
      const last = await world.ballast('reconcile', '--last', '--json');
      expect(last.code).toBe(0);
    });
  });

  it('leaves the stop of a lost position resting in an emergency stop, which names it and ends; --direct sells it', async () => {
    await open();
    await world.keepJournal(`copy_${worlds}`);
    const lost = await openPosition(world, 'idle');
    await lost.untilProtected();
    await world.restoreJournal(`copy_${worlds}`);
    await untilMode(TradingMode.Reducing);
    const stopped = await world.ballast('emergency-stop', '--reason', 'a test', '--yes', '--json');
    expect(stopped.code).toBe(4);
    const id = lost.id(Leg.Stop);
    expect(JSON.parse(stopped.stdout)).toMatchObject({
      unexplained: [expect.stringContaining(`sell order ${id}`) as unknown],
    });
    expect((await world.port.openOrders()).map(({ clientOrderId }) => clientOrderId)).toEqual([id]);
    expect(await mode()).toBe(TradingMode.Halted);
    const direct = await world.ballast('emergency-stop', '--direct', '--yes', '--json');
    expect(direct.code).toBe(0);
    expect(JSON.parse(direct.stdout)).toMatchObject({ flat: true, sells: 1 });
    expect(await world.port.openOrders()).toEqual([]);
  });

  describe('strays that are to be closed', () => {
    const settings = { BALLAST__reconciliation__strays: 'close' };
    const sold = async () => {
      await waitFor('the stray to be sold', async () => {
        const [position] = await strayPositions();
        return position?.state === PositionState.Closed ? position : undefined;
      });
    };

    it.each(kills)(
      'are sold once, though $who is killed $instant of the purchase',
      async ({ instant, victims }) => {
        await open({ settings });
        const stray = await buyPastTheJournal(world.account.deployment);
        const killed = struck(victims, instant, ['INSERT INTO approvals', stray]);
        // Without Temporal nobody is left to answer.
        const asked = world.reconcile().catch(() => undefined);
        await killed;
        expect(unexplained((await asked) ?? (await world.reconcile()))).toEqual([]);
        await sold();
        await world.agreement();
        expect(await mode()).toBe(TradingMode.Active);
        const sales = world.exchange
          .record()
          .orders.filter(({ side, status }) => side === 'SELL' && status === 'FILLED');
        expect(sales).toHaveLength(1);
      },
    );
  });

  it('starts the owners of all positions again though the worker is killed among them', async () => {
    await open();
    const positions = [await openPosition(world, 'one'), await openPosition(world, 'two')];
    for (const position of positions) await position.untilProtected();
    for (const { input } of positions)
      for (const id of [input.positionId, workflowIds.order(input.positionId, Leg.Stop)]) {
        await untilRunning(world, id);
        await world.client.workflow.getHandle(id).terminate('somebody who knows no better');
      }
    const killed = world.when(Instant.Asked, ['GET /api/v3/account'], (worker) => {
      worker.kill();
      return 'drop';
    });
    const report = world.reconcile();
    await killed;
    expect(unexplained(await report)).toEqual([]);
    await world.agreement();
    await Promise.all(positions.map((position) => position.leave(ExitReason.Flatten)));
    await Promise.all(positions.map((position) => position.untilClosed()));
    await world.agreement();
  });

  it('reduces while another deployment has an order on the account, and names it', async () => {
    await open();
    const prefix = clientOrderIdPrefix('somebody-else');
    const id = `${prefix}${'0'.repeat(24)}`;
    const [quote] = await world.port.quotes([BTC]);
    if (quote === undefined) throw new Error('There is no price.');
    await world.port.submit({
      ...{ clientOrderId: id, symbol: BTC, side: Side.Buy, type: OrderType.Limit },
      ...{ quantity: decimal('0.01'), limitPrice: decimal(String(Math.floor(Number(quote.bid) / 2))) },
      ...{ stopPrice: null, sendDeadlineMs: Date.now() + 2_000 },
    });
    await untilMode(TradingMode.Reducing);
    expect((await world.store.account('main'))?.modeReason).toContain(prefix);
    await world.port.cancel(BTC, id);
    expect(unexplained(await world.reconcile())).toEqual([]);
    expect(await mode()).toBe(TradingMode.Active);
  });

  it('notices a trade that somebody makes by hand, tells of it once, and touches neither it nor a position', async () => {
    await open();
    const position = await openPosition(world, 'beside');
    await position.untilProtected();
    const id = await tradeByHand(world, { symbol: BTC, side: Side.Buy, quantity: decimal('0.002') });
    // Nobody asks: what the stream tells of it is enough.
    const noticed = await waitFor('the trade to be noticed', async () => {
      const last = await world.store.lastReconciliation(world.account.account);
      return last?.report.findings.find(({ kind }) => kind === FindingKind.ManualTrade);
    });
    const trades = world.exchange.record().trades.filter(({ clientOrderId }) => clientOrderId === id);
    expect(trades).toHaveLength(1);
    expect(noticed).toMatchObject({
      severity: Severity.Notice,
      subject: `${BTC}/${String(trades[0]?.tradeId)}/buy`,
      message: expect.stringContaining(
        `somebody else's order ${id} traded on ${BTC}: buy 0.002 at`,
      ) as unknown,
    });
    expect((await world.reconcile()).findings).toEqual([]);
    expect(await mode()).toBe(TradingMode.Active);
    // What is not Ballast's stays where it is, whatever becomes of the position.
    await world.agreement();
    await position.leave(ExitReason.Flatten);
    await position.untilClosed();
    await world.agreement();
    const coins = world.exchange.record().balances.find(({ asset }) => asset === 'BTC');
    expect(Number(coins?.free)).toBeGreaterThanOrEqual(0.002 * 0.999);
  });

  it('gives the sales of a direct emergency stop to the positions whose coins they sold', async () => {
    await open();
    const positions = [await openPosition(world, 'one'), await openPosition(world, 'two')];
    for (const position of positions) await position.untilProtected();
    const { deployment, account } = world.account;
    const { flat } = await directStop({
      ...{ exchange: world.port, deployment, account, symbols: SYMBOLS },
      ...{ sendWindowMs: 2_000, recvWindowMs: 5_000, visibilityLagMs: 2_000, report: () => undefined },
      pauseMs: 200,
    });
    expect(flat).toBe(true);
    for (const position of positions) {
      const { exitReason, orders, ledger, instrument } = await position.untilClosed();
      expect(exitReason).toBe(ExitReason.Emergency);
      expect(orders.filter(({ leg }) => leg === Leg.Emergency)).not.toEqual([]);
      // What positions of one pair have below its step is sold together when it comes to a step.
      expect(Number(ledger.heldQuantity)).toBeGreaterThanOrEqual(0);
      expect(Number(ledger.heldQuantity)).toBeLessThan(Number(instrument.stepSize));
    }
    await world.agreement();
    // Somebody wanted out: nothing enters until a person says so.
    expect(await mode()).toBe(TradingMode.Reducing);
    expect(unexplained(await world.reconcile())).toEqual([]);
    expect(await mode()).toBe(TradingMode.Reducing);
  });
});
