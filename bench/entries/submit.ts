import { decimal } from '../../domain/decimal';
import { OrderType, Side } from '../../domain/order';
import type { OrderRequest } from '../../adapters/exchange/port';
import { ExchangeProcess } from '../../test/crash/harness/exchange-process';
import { NO_LIMITS, newAccount, openAdapter } from '../emulated-exchange';
import type { BenchContext, BenchEntry } from '../entry';
import type { NamedMeasurement } from '../measurement';
import { SignedHttp } from '../signed-http';
import { interleave, median, ratio } from '../statistics';

const PAIRS = 400;
const WARM_UP = 100;
const QUANTITY = '0.001';
const SEND_WINDOW_MS = 5_000;

/** What the adapter with ccxt in it adds to an order's way to the exchange and back. */
export const submit: BenchEntry = { name: 'submit', measure };

async function measure(context: BenchContext): Promise<readonly NamedMeasurement[]> {
  const owner = newAccount('main', { USDT: '1000000', BTC: '10' });
  const exchange = await ExchangeProcess.start(context.folder('submit'), owner, 1, {
    limits: NO_LIMITS,
  });
  const adapter = await openAdapter(exchange, owner);
  const bare = new SignedHttp(exchange.url, owner);
  let orders = 0;
  /** Buys and sells in turn, so that both ways do the same and the balances last. */
  const next = (): { readonly clientOrderId: string; readonly side: Side } => {
    orders += 1;
    return { clientOrderId: `bench-${orders}`, side: orders % 4 < 2 ? Side.Buy : Side.Sell };
  };
  try {
    const { subject, baseline } = await interleave({
      subject: () => timed(() => adapter.submit(orderRequest(next()))),
      baseline: () => {
        const { clientOrderId, side } = next();
        return timed(() =>
          bare.call('POST', '/api/v3/order', {
            symbol: 'BTCUSDT',
            side: side.toUpperCase(),
            type: 'MARKET',
            quantity: QUANTITY,
            newClientOrderId: clientOrderId,
            newOrderRespType: 'FULL',
          }),
        );
      },
      pairs: PAIRS,
      warmUp: WARM_UP,
    });
    const value = median(subject);
    return [
      {
        name: 'submit',
        value,
        unit: 'ms',
        baseline: median(baseline),
        ratio: ratio(value, median(baseline)),
        goal: { of: 'ratio', atMost: 1.5 },
        how: `median of ${PAIRS} market orders through the ccxt adapter, its throttle off, against as many bare signed requests over kept-alive node:http to the same emulator process, in turn`,
      },
    ];
  } finally {
    bare.close();
    await adapter.close();
    await exchange.close();
  }
}

function orderRequest({ clientOrderId, side }: Pick<OrderRequest, 'clientOrderId' | 'side'>): OrderRequest {
  return {
    clientOrderId,
    side,
    symbol: 'BTC/USDT',
    type: OrderType.Market,
    quantity: decimal(QUANTITY),
    limitPrice: null,
    stopPrice: null,
    sendDeadlineMs: Date.now() + SEND_WINDOW_MS,
  };
}

/** Wall milliseconds that `run` takes. */
export async function timed(run: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await run();
  return performance.now() - startedMs;
}
