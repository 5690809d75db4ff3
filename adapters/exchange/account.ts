import type { z } from 'zod';
import { isZero } from '../../domain/decimal';
import { accountPayload, apiRestrictionsPayload, tradeListPayload } from './binance-payloads';
import type { Gateway } from './gateway';
import { toFill } from './mappers';
import { fetchPages, PAGE_LIMIT } from './paging';
import type { ExchangePort } from './port';
import type { SymbolBook } from './symbols';

type AccountPort = Pick<ExchangePort, 'balances' | 'fillsSince' | 'fillsFrom' | 'fillsOf' | 'keyRights'>;

/** Holdings, trades and what the key may do. */
export function createAccount(gateway: Gateway, symbols: SymbolBook, isSandbox: boolean): AccountPort {
  const fetchAccount = (): Promise<z.output<typeof accountPayload>> =>
    gateway.call({ schema: accountPayload, send: (client) => client.privateGetAccount() });

  const fetchTrades = (
    symbol: string,
    range: { startTime: number } | { fromId: string } | { orderId: string },
  ): Promise<z.output<typeof tradeListPayload>> =>
    gateway.call({
      schema: tradeListPayload,
      send: (client) =>
        client.privateGetMyTrades({ symbol: symbols.toId(symbol), limit: PAGE_LIMIT, ...range }),
    });

  return {
    async balances() {
      const { balances } = await fetchAccount();
      return balances.filter(({ free, locked }) => !isZero(free) || !isZero(locked));
    },

    async fillsSince(symbol, sinceMs) {
      const trades = await fetchPages(
        () => fetchTrades(symbol, { startTime: Math.floor(sinceMs) }),
        (fromId) => fetchTrades(symbol, { fromId }),
        (trade) => trade.id,
      );
      return trades.map((trade) => toFill(trade, symbol, ''));
    },

    async fillsFrom(symbol, tradeId) {
      const trades = await fetchTrades(symbol, { fromId: tradeId });
      return { rows: trades.map((trade) => toFill(trade, symbol, '')), more: trades.length === PAGE_LIMIT };
    },

    async fillsOf(symbol, exchangeOrderId, clientOrderId) {
      // One order has no more than a page of trades: it would need more than 1,000 counterparties.
      const trades = await fetchTrades(symbol, { orderId: exchangeOrderId });
      return trades.map((trade) => toFill(trade, symbol, clientOrderId));
    },

    async keyRights() {
      if (isSandbox) {
        // The testnet has no wallet: it cannot tell the key's restrictions, and nothing can be withdrawn.
        const { canTrade } = await fetchAccount();
        return { canTrade, canWithdraw: false };
      }
      const rights = await gateway.call({
        schema: apiRestrictionsPayload,
        send: (client) => client.sapiGetAccountApiRestrictions(),
      });
      return { canTrade: rights.enableSpotAndMarginTrading, canWithdraw: rights.enableWithdrawals };
    },
  };
}
