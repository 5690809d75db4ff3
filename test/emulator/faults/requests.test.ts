import { Fixture, limitOrder, type Json } from '../client';
import { waveMarket } from '../scripted-market';
import { FaultWorld, PLACE } from './world';

const fixture = new Fixture();
afterAll(() => fixture.end());

let world: FaultWorld;
beforeAll(async () => {
  world = await FaultWorld.start(fixture);
});
afterEach(() => world.client.control('DELETE /emulator/faults'));

/** What a raw request for a new order is answered. */
async function placeRaw(): Promise<{ status: number; body: string; retryAfter: string | null }> {
  const answers: Response[] = [];
  const original = globalThis.fetch;
  globalThis.fetch = async (...args) => {
    const answer = await original(...args);
    answers.push(answer.clone());
    return answer;
  };
  try {
    await world.client.signed(PLACE, limitOrder).catch(() => undefined);
  } finally {
    globalThis.fetch = original;
  }
  const [answer] = answers;
  if (answer === undefined) throw new Error('no answer');
  return { status: answer.status, body: await answer.text(), retryAfter: answer.headers.get('retry-after') };
}

const code = (value: number, extra: Json = {}): Json => ({ kind: 'code', code: value, ...extra });

describe('faults of requests', () => {
  const rows: [string, Json, 0 | 1, number, string | RegExp][] = [
    ['a 5xx before', { kind: 'status', status: 502 }, 0, 502, ''],
    ['a 5xx after', { kind: 'status', status: 502, phase: 'after' }, 1, 502, ''],
    ['a page', { kind: 'garbage' }, 0, 200, /^<html>/],
    ['a page after', { kind: 'garbage', phase: 'after' }, 1, 200, /^<html>/],
    ['an empty body', { kind: 'empty' }, 0, 200, ''],
    ['an empty body after', { kind: 'empty', phase: 'after' }, 1, 200, ''],
    ['-1000', code(-1000), 0, 500, /unknown error/],
    ['-1000 after', code(-1000, { phase: 'after' }), 1, 500, /unknown error/],
    ['-1001 after', code(-1001, { phase: 'after' }), 1, 503, /Internal error/],
    ['-1006 after', code(-1006, { phase: 'after' }), 1, 500, /Execution status unknown/],
    ['-1007 after', code(-1007, { phase: 'after' }), 1, 504, /Send status unknown/],
    ['-1003', code(-1003), 0, 429, /Too much request weight/],
    ['-1008', code(-1008), 0, 503, /overloaded/],
    ['-1015', code(-1015), 0, 429, /Too many new orders/],
    ['-1021', code(-1021), 0, 400, /recvWindow/],
    ['-1022', code(-1022), 0, 400, /Signature/],
    ['-2010', code(-2010), 0, 400, /insufficient balance/],
    ['-2010 with other words', code(-2010, { message: 'Market is closed.' }), 0, 400, /closed/],
    ['-2015', code(-2015), 0, 401, /Invalid API-key/],
    ['429', { kind: 'rate-limit', retryAfterS: 7 }, 0, 429, /-1003/],
    ['418', { kind: 'rate-limit', status: 418, retryAfterS: 7 }, 0, 418, /IP banned until/],
    ['maintenance', { kind: 'maintenance' }, 0, 503, /System is under maintenance/],
    ['a delay', { kind: 'delay', delayMs: 1 }, 1, 200, /orderId/],
    ['a delay after', { kind: 'delay', delayMs: 1, phase: 'after' }, 1, 200, /orderId/],
  ];
  it.each(rows)('%s', async (_, fault, placed, status, body) => {
    const before = Number(await world.orderCount());
    await world.plan({ ...(fault.kind === 'maintenance' ? { times: 1 } : { match: PLACE }), ...fault });
    const answer = await placeRaw();
    expect(answer.status).toBe(status);
    expect(answer.body).toMatch(body);
    expect(answer.body === '').toBe(body === '');
    if (fault.retryAfterS !== undefined) expect(answer.retryAfter).toBe('7');
    expect(Number(await world.orderCount()) - before).toBe(placed);
  });

  it.each([
    ['a typing error', { kind: 'delay', delayMS: 1 }, 'delayMS'],
    ['an endpoint that is none', { kind: 'delay', match: 'POST /api/v3/ordr' }, 'ordr'],
    ['a pattern that is none', { kind: 'delay', match: 'order' }, 'match'],
    ['a clear code after acceptance', { kind: 'code', code: -2010, phase: 'after' }, 'phase'],
    ['a code that is not offered', { kind: 'code', code: -9999 }, 'code'],
    ['a probability above 1', { kind: 'delay', probability: 1.5 }, 'probability'],
    ['a symbol that is none', { kind: 'rules', symbol: 'NOPE', tickSize: '1' }, 'Invalid symbol'],
    ['a step finer than the market', { kind: 'rules', symbol: 'BTCUSDT', tickSize: '0.001' }, 'multiple of'],
  ])('refuses %s', async (_, fault, word) => {
    await expect(world.plan(fault)).rejects.toThrow(word);
    expect(await world.planned()).toEqual([]);
  });
});

describe('when faults strike', () => {
  const statuses = async (count: number): Promise<number[]> => {
    const seen: number[] = [];
    for (let index = 0; index < count; index += 1)
      seen.push((await world.client.public('GET /api/v3/ping')).status);
    return seen;
  };
  const fault = (extra: Json): Json => ({ kind: 'code', code: -1008, match: 'GET /api/v3/ping', ...extra });

  it('so often, after so many, and then no more', async () => {
    await world.plan(fault({ times: 2, skip: 1 }));
    expect(await statuses(2)).toEqual([200, 503]);
    expect(await world.planned()).toMatchObject([{ kind: 'code', times: 2, left: 1, struck: 1 }]);
    expect(await statuses(2)).toEqual([503, 200]);
    expect(await world.planned()).toEqual([]);
  });

  it('with a probability that the seed makes reproducible', async () => {
    const run = async (seed: number): Promise<string> => {
      await world.plan(fault({ times: 'always', probability: 0.5, seed }));
      const seen = await statuses(40);
      await world.client.control('DELETE /emulator/faults');
      return seen.join();
    };
    const first = await run(1);
    expect(await run(1)).toBe(first);
    expect(await run(2)).not.toBe(first);
    expect(first).toContain('503');
    expect(first).toContain('200');
  });

  it('within a window of wall or of market time', async () => {
    const clock = await world.client.control('GET /emulator/clock');
    const marketMs = Number(clock.marketTimeMs);
    await world.plan(fault({ times: 'always', window: { fromMs: Date.now() + 3_600_000 } }));
    await world.plan(
      fault({
        times: 'always',
        window: { clock: 'market', fromMs: marketMs + 5000, untilMs: marketMs + 9000 },
      }),
    );
    expect(await statuses(1)).toEqual([200]);
    await world.client.advance(marketMs + 5000);
    expect(await statuses(1)).toEqual([503]);
    await world.client.advance(marketMs + 9000);
    expect(await statuses(1)).toEqual([200]);
    expect(await world.planned()).toHaveLength(1);
  });

  it('the oldest first, at one endpoint, a method, or everything', async () => {
    const first = await world.plan(fault({ times: 'always' }));
    await world.plan(fault({ times: 'always', match: 'GET *', code: -1003 }));
    expect(await statuses(1)).toEqual([503]);
    expect((await world.client.public('GET /api/v3/time')).status).toBe(429);
    expect((await world.place()).status).toBe(200);
    expect(await world.client.control(`DELETE /emulator/faults/${String(first.id)}`)).toHaveLength(1);
    expect(await statuses(1)).toEqual([429]);
    await expect(world.client.control('DELETE /emulator/faults/nobody')).rejects.toThrow('nobody');
  });

  it('on the websocket API too', async () => {
    await world.plan({ kind: 'code', code: -1008, match: PLACE });
    await world.plan({ kind: 'reset-before', match: 'GET /api/v3/time' });
    const socket = await world.client.stream('/ws-api/v3');
    socket.send({ id: 'a', method: 'order.place', params: {} });
    expect(await socket.until(({ id }) => id === 'a')).toMatchObject({ status: 503, error: { code: -1008 } });
    socket.send({ id: 'b', method: 'time', params: {} });
    await socket.closed;
  });

  it('is written down, with the order it struck, and stays so after a restart', async () => {
    const journalDir = fixture.folder();
    const emulator = await fixture.start({ source: waveMarket(), journalDir });
    const first = new FaultWorld(emulator);
    const { id } = await first.plan({ kind: 'status', phase: 'after', body: {}, match: PLACE });
    await first.place({ newClientOrderId: 'struck' });
    const [strike] = await first.strikes();
    expect(strike).toMatchObject({ faultId: id, kind: 'status', endpoint: PLACE, clientOrderId: 'struck' });
    expect(Math.abs(Number(strike?.wallTimeMs) - Date.now())).toBeLessThan(60_000);
    await fixture.stop(emulator);
    const second = await FaultWorld.start(fixture, { journalDir });
    expect(await second.strikes()).toEqual([strike]);
    expect(await second.planned()).toEqual([]);
  });

  it('maintenance spares the endpoint that tells of it', async () => {
    const status = async (): Promise<unknown> =>
      (await world.client.public('GET /sapi/v1/system/status')).body;
    expect(await status()).toEqual({ status: 0, msg: 'normal' });
    await world.plan({ kind: 'maintenance' });
    expect(await status()).toEqual({ status: 1, msg: 'system_maintenance' });
    expect(await statuses(2)).toEqual([503, 503]);
  });

  it('a skewed clock refuses honest timestamps and tells its own', async () => {
    await world.plan({ kind: 'clock-skew', skewMs: 10_000 });
    expect((await world.place()).body).toMatchObject({ code: -1021 });
    const { body } = await world.client.public('GET /api/v3/time');
    const timestamp = Number(body.serverTime);
    expect(timestamp - Date.now()).toBeGreaterThan(5000);
    expect((await world.client.signed(PLACE, limitOrder, { timestamp })).status).toBe(200);
    await world.client.control('DELETE /emulator/faults');
    expect((await world.place()).status).toBe(200);
    expect((await world.strikes()).filter(({ kind }) => kind === 'clock-skew')).toHaveLength(1);
  });
});
