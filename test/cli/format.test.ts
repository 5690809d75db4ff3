import { decimal } from '../../domain/decimal';
import { averagePrice, clip, gain, money, percent, plain, price, span, utcTime } from '../../cli/format';

const d = decimal;

it.each([
  ['0', '0.00'],
  ['1234567.891', '1,234,567.89'],
  ['-1234.5', '-1,234.50'],
  ['999.999', '1,000.00'],
])('money of %s is %s', (amount, text) => {
  expect(money(d(amount))).toBe(text);
});

it('a gain has a sign, nothing has none', () => {
  expect([gain(d('3')), gain(d('-3')), gain(d('0'))]).toEqual(['+3.00', '-3.00', '0.00']);
});

it.each([
  ['104321.5', '104321.50'],
  ['2.5', '2.5000'],
  ['0.00001234', '0.00001234'],
])('the price %s is %s', (value, text) => {
  expect(price(d(value))).toBe(text);
});

it('quantities keep their digits up to a bound', () => {
  expect([plain(d('0.3933063')), plain(d('0.123456789123')), plain(d('5')), plain(null)]).toEqual([
    '0.3933063',
    '0.12345679',
    '5',
    '–',
  ]);
});

it.each([
  [0, '0s'],
  [8_400, '8s'],
  [59_600, '1m 0s'],
  [750_000, '12m 30s'],
  [3_600_000, '1h 0m'],
  [273_600_000, '3d 4h'],
  [-5, '0s'],
])('%i ms are %s', (durationMs, text) => {
  expect(span(durationMs)).toBe(text);
});

it('times are UTC', () => {
  const timeMs = Date.UTC(2025, 5, 3, 14, 5, 9);
  expect([utcTime(timeMs), utcTime(timeMs, 'minutes'), utcTime(timeMs, 'clock')]).toEqual([
    '2025-06-03 14:05:09',
    '2025-06-03 14:05',
    '14:05:09',
  ]);
});

it('percent, clip and averages', () => {
  expect(percent(0.12345)).toBe('12.35 %');
  expect(clip('abcdef', 4)).toBe('abc…');
  expect(clip('abcd', 4)).toBe('abcd');
  expect(averagePrice(d('999.509812'), d('0.3937'))).toBe('2538.76');
  expect(averagePrice(d('0'), d('0'))).toBeNull();
});
