import type { BarColumns } from '../domain/bar-columns';
import { decimal, type DecimalString } from '../domain/decimal';
import { UserError } from '../domain/errors';
import type { Instrument } from '../domain/instrument';
import { findSpec } from '../emulator/market/symbols';

/** How many bars are looked at to learn how finely a market is quoted. */
const SAMPLE = 5_000;
const MAX_PLACES = 8;

/** Lots of what costs 0.1 and more have so many decimals. */
const LOT_PLACES = 5;

/**
 * The trading rules of a symbol: those of the emulator's pairs, else what its prices tell: ticks as fine as they are written,
 * lots of a hundred-thousandth or, of what costs less than 0.1, of about a hundred-thousandth's worth, and no least notional.
 * @throws UserError when the symbol is not written like BTC/USDT
 */
export function instrumentOf(
  symbol: string,
  bars: BarColumns,
  fees: { readonly maker: DecimalString; readonly taker: DecimalString },
): { readonly instrument: Instrument; readonly isKnown: boolean } {
  const [pair = ''] = symbol.split(':');
  const [base, quote] = pair.split('/');
  if (base === undefined || quote === undefined)
    throw new UserError(
      `"${symbol}" is no symbol.`,
      'Write it like BTC/USDT, a perpetual like BTC/USDT:USDT.',
    );
  const spec = findSpec(`${base}${quote}`);
  const places = placesOf(bars);
  const lot = spec?.stepSize ?? lotOf(bars.open[0] ?? 1);
  return {
    isKnown: spec !== undefined,
    instrument: {
      ...{ symbol, base, quote },
      tickSize: decimal(spec?.tickSize ?? (1 / 10 ** places).toFixed(places)),
      stepSize: decimal(lot),
      minQuantity: decimal(spec?.minQuantity ?? lot),
      minNotional: decimal(spec?.minNotional ?? '0'),
      makerFee: fees.maker,
      takerFee: fees.taker,
    },
  };
}

/** A power of ten, as a decimal: a lot of it is worth about 1e-5 of the quote currency, or more where that is dear. */
function lotOf(price: number): string {
  const places = Math.min(LOT_PLACES, LOT_PLACES + 1 + Math.floor(Math.log10(price)));
  return places >= 0 ? (1 / 10 ** places).toFixed(places) : (10 ** -places).toFixed(0);
}

/** The most decimals that a price has. */
function placesOf({ close, open }: BarColumns): number {
  let places = 0;
  for (const price of [...close.subarray(0, SAMPLE), ...open.subarray(0, SAMPLE)]) {
    const [, decimals = ''] = price.toFixed(MAX_PLACES).replace(/0+$/, '').split('.');
    places = Math.max(places, decimals.length);
  }
  return places;
}
