import { exchangeInfoPayload, type SymbolPayload } from './binance-payloads';
import type { Gateway } from './gateway';

/** Translates between unified symbols (`BTC/USDT`) and the exchange's own (`BTCUSDT`). */
export interface SymbolBook {
  /** @throws RangeError when it is not of the form `BASE/QUOTE`. */
  toId(symbol: string): string;
  /** Resolves ids of any origin, strangers' orders included; asks the exchange about those not met before. */
  toSymbols(ids: readonly string[]): Promise<(id: string) => string>;
  /** The exchange's rules for these symbols, in their order. @throws ExchangeFailure for a symbol it does not list. */
  describe(symbols: readonly string[]): Promise<readonly SymbolPayload[]>;
}

const SYMBOL = /^([A-Z0-9]+)\/([A-Z0-9]+)$/;

/** `watched` symbols are known from the start. @throws RangeError when one is not of the form `BASE/QUOTE`. */
export function createSymbolBook(gateway: Gateway, watched: readonly string[]): SymbolBook {
  const symbolById = new Map<string, string>();

  const toId = (symbol: string): string => {
    const [, base, quote] = SYMBOL.exec(symbol) ?? [];
    if (base === undefined || quote === undefined) {
      throw new RangeError(`"${symbol}" is not a symbol. Write it like BTC/USDT.`);
    }
    symbolById.set(base + quote, symbol);
    return base + quote;
  };

  watched.forEach(toId);

  const fetchInfo = async (ids: readonly string[]): Promise<readonly SymbolPayload[]> => {
    const { symbols } = await gateway.call({
      schema: exchangeInfoPayload,
      send: (client) => client.publicGetExchangeInfo({ symbols: JSON.stringify(ids) }),
    });
    for (const { symbol, baseAsset, quoteAsset } of symbols)
      symbolById.set(symbol, `${baseAsset}/${quoteAsset}`);
    return symbols;
  };

  return {
    toId,
    async toSymbols(ids) {
      const unknown = [...new Set(ids.filter((id) => !symbolById.has(id)))];
      if (unknown.length > 0) await fetchInfo(unknown);
      return (id) => symbolById.get(id) ?? id;
    },
    async describe(symbols) {
      const ids = symbols.map(toId);
      const found = new Map((await fetchInfo(ids)).map((info) => [info.symbol, info]));
      return ids.map((id) => {
        const info = found.get(id);
        if (info === undefined)
          throw new RangeError(`The exchange did not describe ${id}, though it was asked to.`);
        return info;
      });
    },
  };
}
