import fc from 'fast-check';
import {
  add,
  ceilTo,
  compare,
  decimal,
  divide,
  floorTo,
  fromNumber,
  isNegative,
  isPositive,
  isZero,
  maximum,
  minimum,
  multiply,
  negate,
  subtract,
  sum,
} from '../../domain/decimal';
import { decimalSchema } from '../../domain/decimal-schema';
import { d, scaled, textOf, type Scaled } from './fixtures';

const any = scaled(-(10n ** 24n), 10n ** 24n, 18);
const positive = scaled(1n, 10n ** 12n, 10);

/** Both numbers as integers over the same power of ten. */
function aligned(a: Scaled, b: Scaled): { a: bigint; b: bigint; places: number } {
  const places = Math.max(a.places, b.places);
  const lift = (value: Scaled): bigint => value.units * 10n ** BigInt(places - value.places);
  return { a: lift(a), b: lift(b), places };
}

const floorDivision = (a: bigint, b: bigint): bigint => a / b - (a % b !== 0n && a < 0n !== b < 0n ? 1n : 0n);

describe('parsing', () => {
  test.each([
    ['12.50', '12.5'],
    [' 7 ', '7'],
    ['1e-8', '0.00000001'],
    ['1E3', '1000'],
    ['-0', '0'],
    ['-0.000', '0'],
    ['0012.3', '12.3'],
  ])('%j is %s', (text, plain) => {
    expect(decimal(text)).toBe(plain);
  });

  test.each(['', 'abc', '1,5', 'NaN', 'Infinity', '0x10', '1.2.3'])('%j is refused by name', (text) => {
    expect(() => decimal(text)).toThrow(`Not a decimal number: "${text}"`);
  });

  it('refuses numbers in payloads, which may already be rounded', () => {
    expect(decimalSchema.safeParse(0.1).success).toBe(false);
    expect(decimalSchema.safeParse('zero').success).toBe(false);
    expect(decimalSchema.parse('0.10')).toBe('0.1');
  });
});

describe('against BigInt', () => {
  it('adds, subtracts, multiplies and compares exactly', () => {
    fc.assert(
      fc.property(any, any, (left, right) => {
        const { a, b, places } = aligned(left, right);
        const [x, y] = [textOf(left), textOf(right)];
        expect(add(x, y)).toBe(textOf({ units: a + b, places }));
        expect(subtract(x, y)).toBe(textOf({ units: a - b, places }));
        expect(multiply(x, y)).toBe(
          textOf({ units: left.units * right.units, places: left.places + right.places }),
        );
        expect(compare(x, y)).toBe(a < b ? -1 : a > b ? 1 : 0);
        expect(minimum(x, y)).toBe(a <= b ? x : y);
        expect(maximum(x, y)).toBe(a >= b ? x : y);
        expect(negate(x)).toBe(textOf({ units: -left.units, places: left.places }));
        expect([isNegative(x), isZero(x), isPositive(x)]).toEqual([a < 0n, a === 0n, a > 0n]);
      }),
    );
  });

  it('divides towards zero', () => {
    fc.assert(
      fc.property(any, any, fc.integer({ min: 0, max: 18 }), (left, right, places) => {
        fc.pre(right.units !== 0n);
        const { a, b } = aligned(left, right);
        const units = (a * 10n ** BigInt(places)) / b; // BigInt division truncates
        expect(divide(textOf(left), textOf(right), places)).toBe(textOf({ units, places }));
      }),
    );
  });

  it('sums in any order', () => {
    fc.assert(
      fc.property(fc.array(any), (values) => {
        const units = values.reduce(
          (total, value) => total + value.units * 10n ** BigInt(18 - value.places),
          0n,
        );
        expect(sum(values.map(textOf))).toBe(textOf({ units, places: 18 }));
        expect(sum(values.map(textOf).reverse())).toBe(textOf({ units, places: 18 }));
      }),
    );
  });

  it('floors and ceils to the step', () => {
    fc.assert(
      fc.property(any, positive, (value, step) => {
        const { a, b, places } = aligned(value, step);
        const below = floorDivision(a, b);
        const above = -floorDivision(-a, b);
        expect(floorTo(textOf(value), textOf(step))).toBe(textOf({ units: below * b, places }));
        expect(ceilTo(textOf(value), textOf(step))).toBe(textOf({ units: above * b, places }));
      }),
    );
  });
});

describe('laws of rounding to a step', () => {
  it('floor ≤ value ≤ ceil, less than a step apart, and rounding again changes nothing', () => {
    fc.assert(
      fc.property(any, positive, (value, step) => {
        const [x, s] = [textOf(value), textOf(step)];
        const [low, high] = [floorTo(x, s), ceilTo(x, s)];
        expect(compare(low, x)).not.toBe(1);
        expect(compare(x, high)).not.toBe(1);
        expect(compare(subtract(x, low), s)).toBe(-1);
        expect(compare(subtract(high, x), s)).toBe(-1);
        expect(floorTo(low, s)).toBe(low);
        expect(ceilTo(low, s)).toBe(low);
        expect(negate(floorTo(negate(x), s))).toBe(high);
      }),
    );
  });

  test.each(['0', '-0.01'])('a step of %s is refused', (step) => {
    expect(() => floorTo(d('1'), d(step))).toThrow(`A step must be positive, got ${step}.`);
    expect(() => ceilTo(d('1'), d(step))).toThrow(RangeError);
  });
});

it('refuses to divide by zero', () => {
  expect(() => divide(d('3'), d('0'))).toThrow('Division of 3 by zero.');
});

describe('from a statistic', () => {
  test.each([
    [0.1, 8, '0.1'],
    [2.5, 0, '2'],
    [3.5, 0, '4'],
    [1 / 3, 4, '0.3333'],
    [-0.00001, 2, '0'],
    [123456.789, 2, '123456.79'],
  ])('%d with %d places is %s', (value, places, text) => {
    expect(fromNumber(value, places)).toBe(text);
  });

  test.each([NaN, Infinity, -Infinity])('%d is refused', (value) => {
    expect(() => fromNumber(value, 2)).toThrow('Not a finite number');
  });
});
