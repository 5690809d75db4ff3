import fc from 'fast-check';
import { clientOrderId, clientOrderIdPrefix, positionId, type OrderKey } from '../../domain/ids';
import { Leg } from '../../domain/order';
import './fixtures';

const anyKey: fc.Arbitrary<OrderKey> = fc.record({
  deployment: fc.string(),
  account: fc.string(),
  session: fc.string(),
  positionId: fc.string(),
  leg: fc.constantFrom(...Object.values(Leg)),
  sequence: fc.nat({ max: 1_000 }),
});

const parts = (key: OrderKey): string =>
  JSON.stringify([key.deployment, key.account, key.session, key.positionId, key.leg, key.sequence]);

describe('client order ids', () => {
  it('fit every exchange: at most 36 of [a-z0-9-], beginning with the prefix of their deployment', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        const id = clientOrderId(key);
        expect(id).toMatch(/^bl-[0-9a-f]{6}-[0-9a-f]{24}$/);
        expect(id.length).toBeLessThanOrEqual(36);
        expect(id.startsWith(clientOrderIdPrefix(key.deployment))).toBe(true);
      }),
    );
  });

  it('depend on nothing but their key', () => {
    fc.assert(
      fc.property(anyKey, (key) => {
        expect(clientOrderId({ ...key })).toBe(clientOrderId(key));
      }),
    );
  });

  it('differ when any part of the key differs', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyKey, { selector: parts, minLength: 2, maxLength: 30 }), (keys) => {
        expect(new Set(keys.map(clientOrderId)).size).toBe(keys.length);
      }),
    );
  });

  it('do not run neighbouring parts together', () => {
    const key = { deployment: 'd', session: 's', positionId: 'p', leg: Leg.Entry, sequence: 0 };
    expect(clientOrderId({ ...key, account: 'ab', session: 'c' })).not.toBe(
      clientOrderId({ ...key, account: 'a', session: 'bc' }),
    );
  });

  it('stay what they are from one version to the next: open orders are found by them', () => {
    const id = clientOrderId({
      deployment: 'home',
      account: 'paper',
      session: 'live',
      positionId: 'position/paper/live/rsi/BTC-USDT/1719792000000',
      leg: Leg.Stop,
      sequence: 2,
    });
    expect(id).toBe('bl-72d873-db9a0b3ba5c9e8fee48a63af');
  });
});

it('a position id names its parts in order', () => {
  const key = {
    account: 'paper',
    session: 'live',
    strategy: 'rsi',
    symbol: 'BTC/USDT',
    barCloseMs: 1_719_792_000_000,
  };
  expect(positionId(key)).toBe('position/paper/live/rsi/BTC-USDT/1719792000000');
});
