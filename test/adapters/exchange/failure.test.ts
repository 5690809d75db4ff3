import { setTimeout as sleep } from 'node:timers/promises';
import { ExchangeFailure, FailureKind } from '../../../domain/errors';
import type { ExchangePort } from '../../../adapters/exchange/port';
import {
  API_KEY,
  buyRequest,
  filledOrder,
  openExchange,
  ScriptedExchange,
  SECRET,
  type Reply,
} from './scripted-exchange';

const ORDER = 'POST /api/v3/order';
const { Rejected, NotExecuted, Ambiguous } = FailureKind;

const error = (status: number, code: number, msg: string, headers?: Record<string, string>): Reply => ({
  status,
  body: { code, msg },
  ...(headers && { headers }),
});
const page = (status: number): Reply => ({ status, body: '<html><body>Oops</body></html>' });

describe('what a failed order request proves', () => {
  let server: ScriptedExchange;
  let exchange: ExchangePort;

  beforeAll(async () => {
    server = await ScriptedExchange.start();
    exchange = await openExchange(server, { requestTimeoutMs: 400 });
  });
  afterAll(async () => {
    await exchange.close();
    await server.stop();
  });

  const failureOf = async (reply: Reply, client = exchange): Promise<ExchangeFailure> => {
    server.on(ORDER, reply);
    const failure: unknown = await client.submit(buyRequest()).catch((reason: unknown) => reason);
    if (!(failure instanceof ExchangeFailure))
      throw new Error(`expected an ExchangeFailure, got ${String(failure)}`);
    return failure;
  };

  test.each<[string, Reply, FailureKind, string]>([
    [
      'bad signature',
      error(400, -1022, 'Signature for this request is not valid.'),
      Rejected,
      'AuthenticationError',
    ],
    [
      'bad key',
      error(401, -2015, 'Invalid API-key, IP, or permissions for action.'),
      Rejected,
      'AuthenticationError',
    ],
    ['bad parameter', error(400, -1102, 'Mandatory parameter was not sent.'), Rejected, 'BadRequest'],
    ['bad symbol', error(400, -1121, 'Invalid symbol.'), Rejected, 'BadSymbol'],
    [
      'no funds',
      error(400, -2010, 'Account has insufficient balance for requested action.'),
      Rejected,
      'InsufficientFunds',
    ],
    ['lot size', error(400, -1013, 'Filter failure: LOT_SIZE'), Rejected, 'InvalidOrder'],
    ['notional', error(400, -1013, 'Filter failure: NOTIONAL'), Rejected, 'BadRequest'],
    ['stop count', error(400, -2010, 'Filter failure: MAX_NUM_ALGO_ORDERS'), Rejected, 'InvalidOrder'],
    ['market closed', error(400, -2010, 'Market is closed.'), Rejected, 'MarketClosed'],
    [
      'would trigger',
      error(400, -2010, 'Stop price would trigger immediately.'),
      Rejected,
      'OrderImmediatelyFillable',
    ],
    ['rate limit', error(429, -1003, 'Too many requests.'), NotExecuted, 'DDoSProtection'],
    ['ban', error(418, -1003, 'Way too many requests; IP banned.'), NotExecuted, 'DDoSProtection'],
    ['too many orders', error(400, -1015, 'Too many new orders.'), NotExecuted, 'RateLimitExceeded'],
    ['maintenance', error(503, -9000, 'System is under maintenance.'), NotExecuted, 'OnMaintenance'],
    ['duplicate id', error(400, -2010, 'Duplicate order sent.'), Ambiguous, 'InvalidOrder'],
    ['unknown error', error(400, -1000, 'An unknown error occurred.'), Ambiguous, 'OperationFailed'],
    ['internal error', error(400, -1001, 'Internal error.'), Ambiguous, 'OperationFailed'],
    [
      'message bus',
      error(400, -1006, 'Unexpected response. Execution status unknown.'),
      Ambiguous,
      'OperationFailed',
    ],
    [
      'back-end timeout',
      error(408, -1007, 'Timeout. Execution status unknown.'),
      Ambiguous,
      'RequestTimeout',
    ],
    ['overload', error(503, -1008, 'Server is currently overloaded.'), NotExecuted, 'OperationFailed'],
    ['unlisted code', error(400, -9999, 'Never heard of it.'), Ambiguous, 'ExchangeError'],
    ['500 page', page(500), Ambiguous, 'ExchangeNotAvailable'],
    ['502 page', page(502), Ambiguous, 'ExchangeNotAvailable'],
    ['504 page', page(504), Ambiguous, 'RequestTimeout'],
    ['403 page', page(403), Ambiguous, 'ExchangeNotAvailable'],
    ['200 page', page(200), Ambiguous, 'MalformedAnswer'],
    ['empty 200', { body: '' }, Ambiguous, 'MalformedAnswer'],
    ['200 with half an order', { body: { symbol: 'BTCUSDT' } }, Ambiguous, 'MalformedAnswer'],
    ['empty 400', { status: 400, body: '' }, Ambiguous, 'ExchangeNotAvailable'],
    ['reset', 'reset', Ambiguous, 'NetworkError'],
    ['silence', 'hang', Ambiguous, 'RequestTimeout'],
    ['silence within the body', 'hang-in-body', Ambiguous, 'RequestTimeout'],
  ])('%s', async (_, reply, kind, errorClass) => {
    const failure = await failureOf(reply);
    expect({ kind: failure.kind, errorClass: failure.detail.errorClass }).toEqual({ kind, errorClass });
  });

  it('is sent once, whatever happens', async () => {
    const before = server.requestsTo(ORDER).length;
    await failureOf('reset');
    await failureOf(page(503));
    expect(server.requestsTo(ORDER).length - before).toBe(2);
  });

  it('tells that a stop would trigger at once, and only then', async () => {
    const trigger = await failureOf(error(400, -2010, 'Stop price would trigger immediately.'));
    const funds = await failureOf(
      error(400, -2010, 'Account has insufficient balance for requested action.'),
    );
    expect([trigger.detail.wouldTrigger, funds.detail.wouldTrigger]).toEqual([true, undefined]);
  });

  it.each([
    [
      'everything, while it is too much',
      error(429, -1003, 'Too many requests.', { 'retry-after': '7' }),
      false,
    ],
    ['everything, in a ban', error(418, -1003, 'IP banned.', { 'retry-after': '7' }), false],
    ['orders, when those are too many', error(429, -1015, 'Too many.', { 'retry-after': '7' }), true],
  ])('leaves the exchange alone with %s, for as long as that asks', async (_, reply, mayAsk) => {
    const cautious = await openExchange(server);
    server.on('GET /api/v3/order', { body: filledOrder() });
    const before = server.seen.length;
    const failures = [await failureOf(reply, cautious), await failureOf(reply, cautious)];
    const asked = await Promise.allSettled([cautious.lookUp('BTC/USDT', 'bl-1')]);
    expect(failures.map(({ kind }) => kind)).toEqual([NotExecuted, NotExecuted]);
    const waits = failures.map(({ detail }) => detail.retryAfterMs ?? 0);
    expect(waits[0]).toBe(7_000);
    expect(waits[1]).toBeLessThanOrEqual(7_000);
    expect(asked.map(({ status }) => status)).toEqual([mayAsk ? 'fulfilled' : 'rejected']);
    expect(server.seen.length - before).toBe(mayAsk ? 2 : 1);
    await cautious.close();
  });

  it('sends again once the time the exchange asked for is over', async () => {
    const cautious = await openExchange(server);
    let { retryAfterMs = 0 } = (
      await failureOf(error(429, -1003, 'Too many requests.', { 'retry-after': '1' }), cautious)
    ).detail;
    expect(retryAfterMs).toBe(1_000);
    server.on(ORDER, { body: filledOrder() });
    while (retryAfterMs > 0) {
      await sleep(retryAfterMs);
      retryAfterMs = await cautious.submit(buyRequest()).then(
        () => 0,
        (reason: unknown) => (reason instanceof ExchangeFailure ? (reason.detail.retryAfterMs ?? 0) : 0),
      );
    }
    expect((await cautious.submit(buyRequest())).status).toBe('filled');
    await cautious.close();
  });

  it('takes a key that is refused after it was good for a refused key, not for a passing ban', async () => {
    const fresh = await openExchange(server);
    server.on(ORDER, { body: filledOrder() });
    await fresh.submit(buyRequest());
    server.on(ORDER, error(401, -2015, 'Invalid API-key, IP, or permissions for action.'));
    await expect(fresh.submit(buyRequest())).rejects.toMatchObject({
      kind: Rejected,
      detail: { errorClass: 'DDoSProtection' },
    });
    await fresh.close();
  });

  it('never takes a redirect, which would send the order twice', async () => {
    const before = server.seen.length;
    const failure = await failureOf({ status: 307, body: '', headers: { location: '/api/v3/other' } });
    expect(failure.kind).toBe(Ambiguous);
    expect(server.seen.slice(before).map(({ route }) => route)).toEqual([ORDER]);
  });

  it('knows that an order never left when there was nobody to connect to', async () => {
    const gone = await ScriptedExchange.start();
    const unreachable = await openExchange({ restUrl: gone.restUrl, wsUrl: gone.wsUrl });
    await gone.stop();
    await expect(unreachable.submit(buyRequest())).rejects.toMatchObject({ kind: NotExecuted });
    await unreachable.close();
  });

  it('measures the time difference after a refused timestamp, so that the next request is right', async () => {
    const serverAheadMs = 3_600_000;
    server.on('GET /api/v3/time', () => ({ body: { serverTime: Date.now() + serverAheadMs } }));
    const failure = await failureOf(
      error(400, -1021, 'Timestamp for this request is outside of the recvWindow.'),
    );
    await failureOf(error(400, -1013, 'Filter failure: NOTIONAL'));
    const timestamp = Number(server.requestsTo(ORDER).at(-1)?.params.get('timestamp'));
    expect(failure.kind).toBe(NotExecuted);
    expect(server.requestsTo('GET /api/v3/time')).toHaveLength(1);
    expect(timestamp - Date.now()).toBeGreaterThan(serverAheadMs / 2);
  });
});

describe('secrets', () => {
  it.each<[string, Reply]>([
    ['reset', 'reset'],
    ['gateway page', page(502)],
    ['timeout', 'hang'],
    [
      'echo',
      {
        status: 400,
        body: { code: -1022, msg: `key ${API_KEY} secret ${SECRET} signature=abcdef0123456789` },
      },
    ],
  ])('never appear in an error: %s', async (_, reply) => {
    const server = await ScriptedExchange.start();
    const warnings: string[] = [];
    const note = (...line: unknown[]): void => {
      warnings.push(JSON.stringify(line));
    };
    const exchange = await openExchange(server, {
      requestTimeoutMs: 300,
      logger: { info: note, warn: note },
    });
    for (const route of ['GET /api/v3/order', 'DELETE /api/v3/order', 'POST /api/v3/order'])
      server.on(route, reply);

    const failures = await Promise.allSettled([
      exchange.lookUp('BTC/USDT', 'bl-1'),
      exchange.cancel('BTC/USDT', 'bl-1'),
      exchange.submit(buyRequest()),
    ]);
    const told = failures
      .map((failure) => (failure.status === 'rejected' ? (failure.reason as Error) : undefined))
      .map((reason) => `${reason?.stack ?? ''} ${JSON.stringify(reason)} ${String(reason?.cause)}`)
      .join('\n');
    expect(failures.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    const signatures = server.seen.map(({ params }) => params.get('signature') ?? 'none was sent');
    for (const secret of [API_KEY, SECRET, 'timestamp=', 'abcdef0123456789', ...signatures]) {
      expect(told + warnings.join('\n')).not.toContain(secret);
    }
    await exchange.close();
    await server.stop();
  });
});
