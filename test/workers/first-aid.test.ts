import { createProtection } from '../../activities/protection';
import { Leg, OrderState, OrderType, type OrderView } from '../../domain/order';
import { giveFirstAid } from '../../workers/first-aid';
import { ACCOUNT, createBench, DEPLOYMENT, grantOf, TIMING, type Bench } from '../activities/bench';

const { positionId } = grantOf();
const ENTRY = { leg: Leg.Entry, sequence: 0, type: OrderType.Limit, stopPrice: null, replaces: null };
const looks = { intervalMs: 1, atMost: 50 };

describe('first aid', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = createBench();
    await bench.store.openAccount(ACCOUNT, 's1');
    bench.store.orders.open(grantOf());
    await bench.deps.desk.submit({ deployment: DEPLOYMENT, positionId, ...ENTRY });
  });

  type CatchUp = ReturnType<typeof createProtection>['catchUp'];
  const stops = (): readonly OrderView[] =>
    bench.store.orders.known(positionId).orders.filter(({ leg }) => leg === Leg.Stop);

  /** @returns how often it looked */
  async function aid(
    catchUp: CatchUp,
    signal = new AbortController().signal,
    maySend = (): boolean => true,
  ): Promise<number> {
    let count = 0;
    const counted: CatchUp = (...input) => {
      count += 1;
      return catchUp(...input);
    };
    await giveFirstAid({
      protection: { catchUp: counted },
      account: ACCOUNT,
      maySend,
      signal,
      log: bench.deps.log,
      looks,
    });
    return count;
  }

  it('goes on until a stop that its predecessor may have sent is proven absent, and sends another', async () => {
    const [stop] = stops();
    if (stop === undefined) throw new Error('There is no stop.');
    // The predecessor won the right to send it, and died.
    const { sendWindowMs, receiveWindowMs, visibilityLagMs } = TIMING;
    const { nowMs } = bench.time;
    await bench.store.beginSend({
      ...{ clientOrderId: stop.clientOrderId, sendWindowMs, emergencyEpoch: null },
      ...{ wallTimeMs: nowMs, marketTimeMs: nowMs },
    });
    const { catchUp } = createProtection(bench.deps);
    await aid((...input) => {
      bench.time.nowMs += (sendWindowMs + receiveWindowMs + visibilityLagMs) / 3;
      return catchUp(...input);
    });
    expect(stops().map(({ state }) => state)).toEqual([OrderState.Abandoned, OrderState.Open]);
    expect(bench.time.nowMs - nowMs).toBeGreaterThanOrEqual(sendWindowMs + receiveWindowMs + visibilityLagMs);
  });

  it('is over at once when nothing is left', async () => {
    const { catchUp } = createProtection(bench.deps);
    await catchUp(ACCOUNT);
    expect(await aid(catchUp)).toBe(1);
  });

  it('asks about what rests until it was answered, and again once something may be sent', async () => {
    const asked: (boolean | undefined)[] = [];
    const answers = ['failed', 'nothing left', 'nothing left', 'nothing left'];
    let began = false;
    await aid(
      (_, how) => {
        asked.push(how?.restingToo);
        began = asked.length === 3;
        return answers[asked.length - 1] === 'failed'
          ? Promise.reject(new Error('gone'))
          : Promise.resolve(false);
      },
      undefined,
      () => began,
    );
    expect(asked).toEqual([true, true, false, true]);
  });

  it('survives failures, and its number of looks is bounded', async () => {
    expect(await aid(() => Promise.reject(new Error('gone')))).toBe(looks.atMost);
  });

  it('ends with its worker', async () => {
    const stop = new AbortController();
    const count = await aid(() => {
      stop.abort();
      return Promise.resolve(true);
    }, stop.signal);
    expect(count).toBe(1);
  });
});
