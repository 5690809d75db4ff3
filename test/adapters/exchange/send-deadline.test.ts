import { FailureKind } from '../../../domain/errors';
import type { OrderRequest } from '../../../adapters/exchange/port';
import { buyRequest, filledOrder, openExchange, ScriptedExchange } from './scripted-exchange';

const PLACE = 'POST /api/v3/order';
const REPLACE = 'POST /api/v3/order/cancelReplace';

describe('send deadline', () => {
  let server: ScriptedExchange;

  beforeEach(async () => {
    server = await ScriptedExchange.start();
    server.on(PLACE, ({ params }) => ({
      body: filledOrder({ clientOrderId: params.get('newClientOrderId') }),
    }));
  });
  afterEach(() => server.stop());

  const refusal = { kind: FailureKind.NotExecuted, detail: { errorClass: 'SendDeadlineExceeded' } };
  const arrived = (): (string | null)[] =>
    server.requestsTo(PLACE).map(({ params }) => params.get('newClientOrderId'));

  it.each(['submit', 'replace'] as const)('refuses a late %s before anything leaves', async (method) => {
    const exchange = await openExchange(server);
    const late = buyRequest({ sendDeadlineMs: Date.now() - 1 });
    const attempt = method === 'submit' ? exchange.submit(late) : exchange.replace('bl-old', late);
    await expect(attempt).rejects.toMatchObject(refusal);
    expect(server.requestsTo(PLACE).concat(server.requestsTo(REPLACE))).toEqual([]);
    await exchange.close();
  });

  it('is checked when the request would leave: one stalled in the throttle queue is refused', async () => {
    const exchange = await openExchange(server, { throttle: true });
    server.on('GET /api/v3/openOrders', { body: [] });
    const deadlineMs = Date.now() + 50;
    // The whole account's open orders cost 0.8 s of the throttle, so what queues behind it waits beyond its deadline.
    const stall = exchange.openOrders();
    const behind = exchange.submit(buyRequest({ sendDeadlineMs: deadlineMs }));
    await expect(behind).rejects.toMatchObject(refusal);
    await stall;
    expect(arrived()).toEqual([]);
    await exchange.close();
  });

  it('is kept apart for concurrent orders', async () => {
    const exchange = await openExchange(server);
    const requests = Array.from({ length: 40 }, (_, index): OrderRequest => {
      const isLate = index % 3 === 0;
      return buyRequest({ clientOrderId: `bl-${index}`, ...(isLate && { sendDeadlineMs: Date.now() - 1 }) });
    });
    const outcomes = await Promise.allSettled(requests.map((request) => exchange.submit(request)));
    const idsOf = (status: 'fulfilled' | 'rejected'): string[] =>
      requests
        .filter((_, index) => outcomes[index]?.status === status)
        .map(({ clientOrderId }) => clientOrderId);
    expect(idsOf('rejected')).toEqual(
      requests.flatMap(({ clientOrderId }, index) => (index % 3 ? [] : clientOrderId)),
    );
    expect(arrived().sort()).toEqual(idsOf('fulfilled').sort());
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') expect(outcome.value.clientOrderId).toBe(`bl-${index}`);
      else expect(outcome.reason).toMatchObject(refusal);
    }
    await exchange.close();
  });

  it('does not concern requests that place nothing', async () => {
    const exchange = await openExchange(server);
    server.on('GET /api/v3/order', { body: filledOrder() });
    await exchange.submit(buyRequest({ sendDeadlineMs: 0 })).catch(() => undefined);
    expect(await exchange.lookUp('BTC/USDT', 'bl-1')).toMatchObject({ clientOrderId: 'bl-1' });
    await exchange.close();
  });
});
