import { decimal, multiply, ZERO } from '../../domain/decimal';
import { roundQuantity } from '../../domain/instrument';
import { Leg, Side } from '../../domain/order';
import { TradingMode, type RiskLimits } from '../../domain/risk';
import { TriggerCode, type TriggerLimits } from '../../domain/triggers';
import { emptyBook, newCrowd } from '../crash/harness/emptied-book';
import { filledOrders, soldOnce, untilFlat } from '../crash/harness/flat';
import { tradeByHand } from '../crash/harness/hand-trades';
import { startServers, type Servers } from '../crash/harness/servers';
import { grantPosition, openPosition, type PositionWish } from '../crash/harness/trading';
import { waitFor } from '../crash/harness/wait';
import { SYMBOLS, World } from '../crash/harness/world';

const BTC = 'BTC/USDT';
/** Nobody's stop is reached by the fall of {@link emptyBook}, which ends 5 % lower; a tenth of the account is held. */
const WIDE: PositionWish = { stopFactor: '0.93', targetFactor: '1.3' };
/** What is bid for below the fall: enough for all that is sold. */
const BID = decimal('1');
/** Of what a stop offers. */
const SOLD_BY_HAND = decimal('0.4');
/** So slow that no bar closes and nobody bids anew, though the market runs. */
const CREEPING = 0.001;
const FAST = 60;

const crowd = newCrowd();

async function run({ exchange }: World, speed: number): Promise<void> {
  await exchange.clock({ action: 'setSpeed', speed });
  await exchange.clock({ action: 'resume' });
}

/** From now on the exchange tells the bars of now, whenever it is asked, while its market goes on. */
async function freezeBars(world: World): Promise<void> {
  const url = `${world.exchange.url}/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=10`;
  const body: unknown = await (await fetch(url)).json();
  const told = { kind: 'status', status: 200, body, match: 'GET /api/v3/klines', times: 'always' };
  await world.exchange.plan(told);
  await run(world, FAST);
}

interface Case {
  readonly what: string;
  readonly code: TriggerCode;
  readonly says: RegExp;
  readonly triggers?: Partial<TriggerLimits>;
  readonly limits?: Partial<RiskLimits>;
  readonly wish?: PositionWish;
  /** What goes wrong before the position is bought; then nobody waits for its stop. */
  readonly before?: (world: World) => Promise<void>;
  /** What goes wrong once it is guarded. */
  readonly strike?: (world: World) => Promise<void>;
  /** What has to end before anything can be sold. */
  readonly relent?: (world: World) => Promise<void>;
}

const CASES: readonly Case[] = [
  {
    what: 'requests about the account that fail one after the other, while others succeed',
    code: TriggerCode.ApiFailures,
    says: /\d+ requests about the account failed one after the other; the limit is 3/,
    triggers: { consecutiveApiFailures: 3 },
    strike: async ({ exchange }) => {
      for (const what of ['account', 'openOrders', 'order', 'allOrders', 'myTrades'])
        await exchange.plan({ kind: 'status', match: `GET /api/v3/${what}`, times: 'always' });
    },
    // It sells meanwhile, and cannot know that it is flat.
    relent: async (world) => {
      await untilFlat(world);
      await world.exchange.callOffFaults();
    },
  },
  {
    what: 'a price that falls at once',
    code: TriggerCode.FlashCrash,
    says: /BTC\/USDT fell by [5-9]\.\d+ %/,
    triggers: { flashCrash: { fraction: 0.04, withinMs: 300_000 } },
    wish: WIDE,
    strike: async (world) => {
      await run(world, CREEPING);
      await emptyBook(world, crowd, BID);
    },
  },
  {
    what: 'nine tenths of the daily loss, before all of it',
    code: TriggerCode.DailyLossAlarm,
    says: /below the day's start \S+, and 0\.\d+ % is 90\.00 % of the daily loss limit/,
    // 5 % of a tenth, and the fee.
    limits: { dailyLossFraction: 0.0054, maxDrawdownFraction: 0.9 },
    wish: WIDE,
    strike: (world) => emptyBook(world, crowd, BID),
  },
  {
    what: 'the drawdown',
    code: TriggerCode.Drawdown,
    says: /below its peak \S+; the drawdown limit is 0\.40 %/,
    limits: { dailyLossFraction: 0.9, maxDrawdownFraction: 0.004 },
    wish: WIDE,
    strike: (world) => emptyBook(world, crowd, BID),
  },
  {
    what: 'bars that come no more while the market runs',
    code: TriggerCode.StaleData,
    says: /The newest bar of BTC\/USDT closed \d+(\.\d)? s of market time ago/,
    triggers: { staleDataMs: 120_000 },
    wish: WIDE,
    strike: freezeBars,
  },
  {
    what: 'a resident stop that the exchange never takes',
    code: TriggerCode.MissingStop,
    says: /has had no resident stop for \d+(\.\d)? s, though the exchange answers; the limit is 3 s/,
    triggers: { missingStopMs: 3_000 },
    // After the entry, which is the first order.
    before: ({ exchange }) =>
      exchange.plan({
        ...{ kind: 'code', code: -1006, match: 'POST /api/v3/order' },
        ...{ skip: 1, times: 'always' },
      }),
    relent: ({ exchange }) => exchange.callOffFaults(),
  },
];

/** Each of the emergency stops that begin by themselves, brought about at the emulator and judged by its own journal. */
describe('an emergency stop by itself', () => {
  let servers: Servers;
  let world: World;
  let worlds = 0;

  beforeAll(async () => {
    servers = await startServers();
  });
  afterEach(() => world.close());
  afterAll(() => servers.close());

  async function open(
    { triggers = {}, limits = {} }: Pick<Case, 'triggers' | 'limits'>,
    symbols: readonly string[] = [BTC],
  ): Promise<void> {
    worlds += 1;
    world = await World.open(servers, {
      ...{ name: `triggers_${worlds}`, symbols, limits, exchange: { others: Object.values(crowd) } },
      settings: { BALLAST__riskDesk__triggers: JSON.stringify(triggers) },
    });
  }

  const untilHalted = () =>
    waitFor('the account to be halted', async () => {
      const state = await world.store.account(world.account.account);
      return state?.mode === TradingMode.Halted ? state : undefined;
    });

  it.each(CASES)('is for $what', async ({ code, says, wish, before, strike, relent, ...limits }) => {
    await open(limits);
    const position = await grantPosition(world, 'held', wish);
    await before?.(world);
    await position.start();
    if (before === undefined) await position.untilProtected();
    await strike?.(world);
    const { modeReason, haltEpoch } = await untilHalted();
    expect(modeReason.startsWith(`${code}: `)).toBe(true);
    expect(modeReason).toMatch(says);
    await relent?.(world);
    await untilFlat(world);
    await world.exchange.callOffFaults();
    await soldOnce(world, [position]);
    expect(haltEpoch).toBe(1);
  });

  it('is for coins that somebody has sold by hand, and sells what is left', async () => {
    await open({}, SYMBOLS);
    const robbed = await openPosition(world, 'robbed');
    const kept = await openPosition(world, 'kept', { symbol: 'ETH/USDT' });
    const [{ orders, instrument }] = await Promise.all([robbed.untilProtected(), kept.untilProtected()]);
    const offered = orders.find(({ leg }) => leg === Leg.Stop)?.quantity ?? ZERO;
    await world.worker.down();
    await world.port.cancel(BTC, robbed.id(Leg.Stop));
    const quantity = roundQuantity(instrument, multiply(offered, SOLD_BY_HAND));
    const { positionId } = robbed.input;
    await tradeByHand(world, { symbol: BTC, side: Side.Sell, quantity, positionId });
    world.worker.up();
    const { modeReason } = await untilHalted();
    expect(modeReason).toMatch(
      /^reconciliation-mismatch: Journal and exchange disagree: positions hold \S+ BTC, the account only/,
    );
    await untilFlat(world);
    await Promise.all([robbed.untilClosed(), kept.untilClosed()]);
    await world.agreement();
    // By hand, and what was left of each position once: nobody has sold anything twice.
    expect(filledOrders(world, 'SELL')).toBe(3);
  });
});
