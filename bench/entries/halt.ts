import { newAccount } from '../emulated-exchange';
import type { BenchContext, BenchEntry } from '../entry';
import { haltOnce, openHaltWorld, POSITIONS } from '../halting';
import type { NamedMeasurement } from '../measurement';
import { SignedHttp } from '../signed-http';
import { median, percentile, ratio } from '../statistics';
import { timed } from './submit';

const ROUNDS = 6;
const BARE_QUANTITY = '0.01';

/** How long an account stays exposed after somebody has said stop. */
export const halt: BenchEntry = { name: 'halt', measure };

async function measure(context: BenchContext): Promise<readonly NamedMeasurement[]> {
  const bystander = newAccount('bare', { USDT: '1000000' });
  const world = await openHaltWorld(await context.servers(), 'bench_halt', [bystander]);
  const bare = new SignedHttp(world.exchange.url, bystander);
  const halts: number[] = [];
  const loops: number[] = [];
  try {
    for (let round = 1; round <= ROUNDS; round += 1) {
      context.progress(`halt: round ${round} of ${ROUNDS}`);
      loops.push(await bareLoop(bare, round));
      halts.push(await haltOnce(world, `halt-${round}`));
    }
    // Nothing was sold twice or left behind, or there is no figure.
    await world.agreement();
  } finally {
    bare.close();
    await world.close();
  }
  return measurements(halts, loops);
}

function measurements(halts: readonly number[], loops: readonly number[]): readonly NamedMeasurement[] {
  const rounds = `${ROUNDS} rounds of ${POSITIONS} open positions each, from the request to the end of the emergency stop's workflow, which has verified with the exchange that the account is flat; no faults; the worker's traffic passes the proxies of the crash tests; afterwards the journal agrees with the exchange's own record, or there is no figure`;
  const baseline = median(loops);
  const against = `${POSITIONS} bare signed market sells one after the other, and the same two looks at orders and balances, on the same emulator between the rounds`;
  const figure = { unit: 'ms', baseline } as const;
  return [
    {
      ...figure,
      name: 'halt',
      value: percentile(halts, 99),
      ratio: ratio(percentile(halts, 99), baseline),
      goal: { of: 'value', atMost: 2_000 },
      how: `p99 (of so few: the slowest) of ${rounds}; against the median of ${against}`,
    },
    {
      ...figure,
      name: 'haltP50',
      value: median(halts),
      ratio: ratio(median(halts), baseline),
      goal: null,
      how: 'the median of the same',
    },
  ];
}

/** Buys as many lots, unmeasured, then sells them as barely as it can be done. */
async function bareLoop(bare: SignedHttp, round: number): Promise<number> {
  const order = (side: 'BUY' | 'SELL', index: number): Promise<unknown> =>
    bare.call('POST', '/api/v3/order', {
      symbol: 'BTCUSDT',
      side,
      type: 'MARKET',
      quantity: BARE_QUANTITY,
      newClientOrderId: `bare-${side}-${round}-${index}`,
    });
  // One more than is sold: the fee is taken from what is bought.
  for (let index = 0; index <= POSITIONS; index += 1) await order('BUY', index);
  return timed(async () => {
    for (let index = 0; index < POSITIONS; index += 1) await order('SELL', index);
    for (let look = 0; look < 2; look += 1) {
      await bare.call('GET', '/api/v3/openOrders');
      await bare.call('GET', '/api/v3/account');
    }
  });
}
