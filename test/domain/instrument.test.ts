import fc from 'fast-check';
import { compare } from '../../domain/decimal';
import { roundBuyLimit, roundLongStop, roundQuantity, untradable } from '../../domain/instrument';
import { BTC, d, decimals } from './fixtures';

it('rounds quantity and buy limit down, the stop of a long position up', () => {
  expect(roundQuantity(BTC, d('0.123459'))).toBe('0.12345');
  expect(roundBuyLimit(BTC, d('100.019'))).toBe('100.01');
  expect(roundLongStop(BTC, d('99.991'))).toBe('100');
});

it('leaves what is on the grid alone', () => {
  expect(roundQuantity(BTC, d('0.12345'))).toBe('0.12345');
  expect(roundBuyLimit(BTC, d('100.01'))).toBe('100.01');
  expect(roundLongStop(BTC, d('100.01'))).toBe('100.01');
});

it('never rounds to the dangerous side', () => {
  fc.assert(
    fc.property(decimals(1, 1_000_000_000, 6), (value) => {
      expect(compare(roundQuantity(BTC, value), value)).not.toBe(1);
      expect(compare(roundBuyLimit(BTC, value), value)).not.toBe(1);
      expect(compare(roundLongStop(BTC, value), value)).not.toBe(-1);
    }),
  );
});

test.each([
  ['0', '100', 'dust'],
  ['0.0009', '100000', 'dust'],
  ['0.001', '4999.99', 'below-min-notional'],
  ['0.001', '5000', undefined],
  ['1', '100', undefined],
])('%s at %s: %s', (quantity, price, verdict) => {
  expect(untradable({ ...BTC, minQuantity: d('0.001') }, d(quantity), d(price))).toBe(verdict);
});
