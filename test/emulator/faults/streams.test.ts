import type { Socket } from '../client';
import { Fixture, type Json } from '../client';
import { MINUTE_MS, START_MS } from '../scripted-market';
import { FaultWorld } from './world';

const fixture = new Fixture();
const sockets: Socket[] = [];
let world: FaultWorld;
beforeEach(async () => {
  world = await FaultWorld.start(fixture);
});
afterAll(async () => {
  for (const socket of sockets) socket.close();
  await fixture.end();
});

async function userStream(): Promise<Socket> {
  const socket = await world.client.userStream();
  sockets.push(socket);
  return socket;
}

/** The client ids of the orders that the stream has told of as new, in the order told. */
const toldOrders = (socket: Socket): unknown[] =>
  socket.messages
    .map(({ event }) => event as Json | undefined)
    .flatMap((event) => (event?.x === 'NEW' ? event.c : []));

let orders = 0;
/** Rests an order and returns its client id. */
async function rest(): Promise<string> {
  orders += 1;
  const clientOrderId = `order-${orders}`;
  expect((await world.place({ newClientOrderId: clientOrderId })).status).toBe(200);
  return clientOrderId;
}
const toldOf = (socket: Socket, clientOrderId: string): Promise<Json> =>
  socket.until(({ event }) => (event as Json | undefined)?.c === clientOrderId);

describe('the user stream', () => {
  it('loses events, and never tells them later', async () => {
    const socket = await userStream();
    // An order is told by a report and a position: both are lost.
    await world.plan({ kind: 'ws-gap', match: 'ws:user', times: 2 });
    const lost = await rest();
    const told = await rest();
    await toldOf(socket, told);
    expect(toldOrders(socket)).toEqual([told]);
    expect(await world.strikes()).toMatchObject([
      { kind: 'ws-gap', endpoint: 'ws:user', clientOrderId: lost },
      { kind: 'ws-gap', clientOrderId: null },
    ]);
  });

  it('tells twice, or in the wrong order', async () => {
    const socket = await userStream();
    await world.plan({ kind: 'ws-duplicate', match: 'ws:user' });
    const twice = await rest();
    await toldOf(socket, twice);
    await world.plan({ kind: 'ws-reorder', match: 'ws:user', times: 2 });
    const late = await rest();
    const early = await rest();
    await toldOf(socket, late);
    expect(toldOrders(socket)).toEqual([twice, twice, early, late]);
  });

  it('falls silent and still answers, while it is mute', async () => {
    const socket = await userStream();
    await world.plan({ kind: 'ws-mute', match: 'ws:user' });
    await rest();
    expect(await socket.pong('are you there')).toBe('are you there');
    socket.send({ id: 'ping', method: 'ping', params: {} });
    await socket.until(({ id }) => id === 'ping');
    await world.client.control('DELETE /emulator/faults');
    const heard = await rest();
    await toldOf(socket, heard);
    expect(toldOrders(socket)).toEqual([heard]);
  });

  it('does not even answer while it is stale, and stays connected', async () => {
    const socket = await userStream();
    await world.plan({ kind: 'ws-stale', match: 'ws:user' });
    await rest();
    const pong = socket.pong('silence');
    socket.send({ id: 'unanswered', method: 'ping', params: {} });
    // A connection that is not struck shows that what was sent before it has been dealt with.
    const other = await world.client.stream('/ws');
    sockets.push(other);
    expect(await other.pong('there')).toBe('there');
    expect(socket.messages.filter(({ id }) => id === 'unanswered')).toEqual([]);
    await world.client.control('DELETE /emulator/faults');
    const heard = await rest();
    await toldOf(socket, heard);
    expect(toldOrders(socket)).toEqual([heard]);
    expect(await Promise.race([pong, Promise.resolve('no pong')])).toBe('no pong');
  });

  it('is cut, once for each connection', async () => {
    const [first, second] = [await userStream(), await userStream()];
    expect(await world.plan({ kind: 'ws-disconnect', match: 'ws:user', times: 3 })).toMatchObject({
      struck: 2,
    });
    await Promise.all([first.closed, second.closed]);
    const third = await userStream();
    await third.closed;
    expect(await world.planned()).toEqual([]);
  });

  it('is ended by the exchange, which says so, while the connection stays', async () => {
    const socket = await userStream();
    await world.plan({ kind: 'ws-terminated' });
    expect(
      await socket.until(({ event }) => (event as Json | undefined)?.e === 'eventStreamTerminated'),
    ).toMatchObject({
      subscriptionId: 0,
    });
    await rest();
    expect(await socket.pong('alive')).toBe('alive');
    expect(toldOrders(socket)).toEqual([]);
  });

  it('cannot be had while connections are refused, and the other channel can', async () => {
    await world.plan({ kind: 'ws-refuse', match: 'ws:user', times: 1 });
    sockets.push(await world.client.stream('/ws'));
    await expect(userStream()).rejects.toThrow('503');
    expect(toldOrders(await userStream())).toEqual([]);
  });
});

describe('market streams', () => {
  it('are struck one by one', async () => {
    const socket = await world.client.stream('/stream?streams=btcusdt@trade/ethusdt@trade');
    sockets.push(socket);
    await world.plan({ kind: 'ws-mute', match: 'ws:btcusdt@trade' });
    await world.client.advance(START_MS + MINUTE_MS);
    await socket.until(({ stream }) => stream === 'ethusdt@trade');
    expect(socket.messages.some(({ stream }) => stream === 'btcusdt@trade')).toBe(false);
    await world.client.control('DELETE /emulator/faults');
    await world.plan({ kind: 'ws-duplicate', match: 'ws:market' });
    await world.client.advance(START_MS + 2 * MINUTE_MS);
    await socket.until(({ stream }) => stream === 'btcusdt@trade');
    const ids = socket.messages.map(({ stream, data }) => `${String(stream)} ${String((data as Json).t)}`);
    expect(ids.length - new Set(ids).size).toBe(1);
  });

  it('are cut and refused', async () => {
    const socket = await world.client.stream('/ws/btcusdt@trade');
    await world.plan({ kind: 'ws-refuse', match: 'ws:market' });
    await world.plan({ kind: 'ws-disconnect', match: 'ws:market', times: 'always' });
    await socket.closed;
    await expect(world.client.stream('/ws')).rejects.toThrow('503');
  });
});
