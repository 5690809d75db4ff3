import { normalCdf } from '../../domain/distributions';
import type { RandomStream } from '../../domain/random';

/** A coordinate of the space: a stretch of a parameter's scale, or the number of its choices. */
export type Axis = { readonly low: number; readonly high: number } | { readonly choices: number };

/** One place per axis: a number on the scale, or the number of a choice. */
export type Place = readonly number[];

/** A density over all axes together. */
export interface Density {
  readonly draw: (random: RandomStream) => Place;
  readonly logAt: (place: Place) => number;
}

/** A density over one axis, around one place or over the whole; plain data, because it is asked millions of times. */
interface Kernel {
  readonly centre: number;
  readonly low: number;
  readonly high: number;
  /** Of a normal; 0 for choices and for a range of one place. */
  readonly width: number;
  /** Logarithms of the density: of a normal at its centre, of the chosen one, of every other one. */
  readonly logCentre: number;
  readonly logOther: number;
}

const { exp } = Math;
const MOST_DRAWS = 64;
/** No choice has this number. */
const NONE = -1;
/** Width of a kernel as a share of its range, of one place in one dimension. */
const WIDTH_SHARE = 0.2;
const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

/**
 * A mixture with one part around every place and one over everything, which is what is believed before anything is
 * known. A part is a product over the axes, so what belongs together stays together. Widths shrink with the number of
 * places as n^(−1/(d + 4)) (D. Scott's rule; Optuna's `multivariate` uses the same).
 */
export function mixture(places: readonly Place[], axes: readonly Axis[]): Density {
  const shrink = WIDTH_SHARE * Math.max(1, places.length) ** (-1 / (axes.length + 4));
  const parts = [
    axes.map((axis) =>
      'choices' in axis ? choiceKernel(axis.choices) : normalKernel(axis, (axis.low + axis.high) / 2, 1),
    ),
    ...places.map((place) =>
      axes.map((axis, index) => {
        const centre = place[index] ?? 0;
        return 'choices' in axis
          ? choiceKernel(axis.choices, centre, places.length)
          : normalKernel(axis, centre, shrink);
      }),
    ),
  ];
  return {
    draw: (random) =>
      (parts[Math.floor(random.uniform() * parts.length)] ?? []).map((kernel) => drawFrom(kernel, random)),
    logAt: (place) => {
      let total = 0;
      for (const part of parts) {
        let log = 0;
        for (let axis = 0; axis < part.length; axis += 1) log += logAt(part[axis], place[axis]);
        total += exp(log);
      }
      return Math.log(total / parts.length);
    },
  };
}

function logAt(kernel: Kernel | undefined, place: number | undefined): number {
  if (kernel === undefined || place === undefined) return 0;
  if (kernel.width === 0) return place === kernel.centre ? kernel.logCentre : kernel.logOther;
  const distance = (place - kernel.centre) / kernel.width;
  return kernel.logCentre - 0.5 * distance * distance;
}

function drawFrom({ centre, low, high, width, logCentre, logOther }: Kernel, random: RandomStream): number {
  if (width === 0) {
    const isChosen = random.uniform() >= (high - low + 1) * exp(logOther);
    return isChosen && logCentre > logOther ? centre : low + Math.floor(random.uniform() * (high - low + 1));
  }
  // The centre is inside, so at least every third draw is.
  for (let draw = 0; draw < MOST_DRAWS; draw += 1) {
    const place = centre + width * random.normal();
    if (place >= low && place <= high) return place;
  }
  return centre;
}

/** A normal that is cut off at the ends of its range. */
function normalKernel(
  { low, high }: { readonly low: number; readonly high: number },
  centre: number,
  share: number,
): Kernel {
  const width = (high - low) * share;
  if (!(width > 0)) return { centre: low, low, high: low, width: 0, logCentre: 0, logOther: 0 };
  const mass = normalCdf((high - centre) / width) - normalCdf((low - centre) / width);
  return { centre, low, high, width, logCentre: -Math.log(width * mass) - HALF_LOG_TWO_PI, logOther: 0 };
}

/** Mostly one choice, the more the more places there are; without one, each alike. */
function choiceKernel(choices: number, chosen = NONE, places = 0): Kernel {
  const other = 1 / (places + 1);
  const total = choices * other + (chosen === NONE ? 0 : 1);
  return {
    centre: chosen,
    low: 0,
    high: choices - 1,
    width: 0,
    logCentre: Math.log((other + 1) / total),
    logOther: Math.log(other / total),
  };
}
