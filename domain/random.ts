/**
 * Seeded randomness, which is pure and so may live in the core: every draw is a function of its seed, and a restarted
 * process draws the same again. Bit-exact across machines running the same version of Node (`Math.log` and `Math.cos` are V8's own code).
 */

const TWO_POW_32 = 2 ** 32;

function scramble(word: number): number {
  let x = word;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** A 32-bit hash of integers below 2^53 and strings (MurmurHash3's finaliser over every word). */
export function hash32(...parts: readonly (number | string)[]): number {
  let hash = 0x9e3779b9;
  const absorb = (word: number): void => {
    hash = scramble(Math.imul(hash, 5) + word);
  };
  for (const part of parts) {
    if (typeof part === 'number') {
      absorb(part | 0);
      absorb(Math.floor(part / TWO_POW_32));
    } else {
      for (let index = 0; index < part.length; index++) absorb(part.charCodeAt(index));
      absorb(-part.length);
    }
  }
  return hash;
}

/** A uniform number in [0, 1) that belongs to these two 32-bit words: cheap enough for every level of every ladder. */
export const uniformOf = (seed: number, index: number): number =>
  scramble(seed ^ Math.imul(index, 0x9e3779b1)) / TWO_POW_32;

/** A stream of draws from one seed: Chris Doty-Humphrey's sfc32 (passes PractRand). */
export class RandomStream {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;
  private spareNormal: number | undefined;

  constructor(seed: number) {
    this.a = scramble(seed);
    this.b = scramble(seed ^ 0x243f6a88);
    this.c = scramble(seed ^ 0x13198a2e);
    for (let round = 0; round < 12; round++) this.uniform();
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    const sum = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum;
    return (sum >>> 0) / TWO_POW_32;
  }

  /** Exponential with mean 1. */
  exponential(): number {
    return -Math.log(1 - this.uniform());
  }

  /** Standard normal (Box–Muller, both halves used). */
  normal(): number {
    if (this.spareNormal !== undefined) {
      const spare = this.spareNormal;
      this.spareNormal = undefined;
      return spare;
    }
    const radius = Math.sqrt(2 * this.exponential());
    const angle = 2 * Math.PI * this.uniform();
    this.spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}
