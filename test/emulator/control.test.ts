import type { RunningEmulator } from '../../emulator/main';
import { Client, Fixture, limitOrder, type Json } from './client';
import { MINUTE_MS, scriptedMarket, START_MS, waveMarket } from './scripted-market';

const fixture = new Fixture();
afterAll(() => fixture.end());

describe('the clock', () => {
  it('pauses, resumes, changes speed, advances, and never goes back', async () => {
    const client = new Client(await fixture.start({ source: waveMarket() }));
    const clock = await client.control('GET /emulator/clock');
    expect(clock).toMatchObject({
      marketTimeMs: START_MS,
      speed: 1,
      mode: 'simulated',
      endMs: null,
      state: 'paused',
    });
    expect((await client.advance(START_MS + 1000)).marketTimeMs).toBe(START_MS + 1000);
    expect((await client.advance(START_MS)).marketTimeMs).toBe(START_MS + 1000);
    expect(await client.control('POST /emulator/clock', { action: 'setSpeed', speed: 'max' })).toMatchObject({
      speed: 'max',
      state: 'paused',
    });
    await client.control('POST /emulator/clock', { action: 'resume' });
    let marketTimeMs = START_MS;
    while (marketTimeMs < START_MS + 24 * 60 * MINUTE_MS)
      marketTimeMs = Number((await client.control('GET /emulator/clock')).marketTimeMs);
    const paused = await client.control('POST /emulator/clock', { action: 'pause' });
    expect((await client.control('GET /emulator/clock')).marketTimeMs).toBe(paused.marketTimeMs);
    await expect(client.control('POST /emulator/clock', { action: 'setSpeed', speed: 0 })).rejects.toThrow(
      'speed',
    );
  });

  it('ends where the market ends', async () => {
    const source = scriptedMarket([], { endMs: START_MS + 5000 });
    const client = new Client(await fixture.start({ source }));
    expect(await client.advance(START_MS + 60_000)).toMatchObject({
      marketTimeMs: START_MS + 5000,
      state: 'ended',
    });
  });
});

describe('faults', () => {
  let client: Client;
  let emulator: RunningEmulator;
  beforeEach(async () => {
    emulator = await fixture.start({ source: waveMarket() });
    client = new Client(emulator);
  });
  const plan = (fault: Json): Promise<Json> =>
    client.control('POST /emulator/faults', { match: 'POST /api/v3/order', ...fault });
  const orders = async (): Promise<unknown> =>
    (await client.signed('GET /api/v3/allOrders', { symbol: 'BTCUSDT' })).body.length;

  it.each([
    ['reset-before', 0],
    ['reset-after', 1],
  ])('%s breaks the connection and leaves %i orders', async (kind, placed) => {
    await plan({ kind });
    await expect(client.signed('POST /api/v3/order', limitOrder)).rejects.toThrow('fetch failed');
    expect(await orders()).toBe(placed);
    expect(await client.control('GET /emulator/faults')).toEqual([]);
  });

  it('hang-after accepts the order and never answers', async () => {
    await plan({ kind: 'hang-after' });
    const answer = client.signed('POST /api/v3/order', limitOrder).then(
      () => 'answered',
      () => 'cut off',
    );
    while ((await orders()) !== 1) await new Promise((resolve) => setImmediate(resolve));
    await fixture.stop(emulator);
    expect(await answer).toBe('cut off');
  });

  it('status answers instead of the exchange, as often as it was told', async () => {
    await plan({
      kind: 'status',
      status: 503,
      body: { code: -1008, msg: 'overloaded' },
      headers: { 'retry-after': '3' },
      times: 2,
    });
    for (let count = 0; count < 2; count += 1) {
      const answer = await client.signed('POST /api/v3/order', limitOrder);
      expect([answer.status, answer.body.code, answer.headers.get('retry-after')]).toEqual([503, -1008, '3']);
    }
    expect(await orders()).toBe(0);
    expect((await client.signed('POST /api/v3/order', limitOrder)).status).toBe(200);
  });

  it('can be listed and called off; nonsense is refused', async () => {
    await plan({ kind: 'delay', delayMs: 1, times: 5 });
    expect(await client.control('GET /emulator/faults')).toMatchObject([{ kind: 'delay', times: 5 }]);
    expect((await client.signed('POST /api/v3/order', limitOrder)).status).toBe(200);
    await client.control('DELETE /emulator/faults');
    expect(await client.control('GET /emulator/faults')).toEqual([]);
    await expect(plan({ kind: 'explode' })).rejects.toThrow('kind');
  });
});
