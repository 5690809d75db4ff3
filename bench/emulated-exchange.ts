import { randomBytes } from 'node:crypto';
import { createExchange } from '../adapters/exchange/exchange';
import type { ExchangePort } from '../adapters/exchange/port';
import type { ExchangeProcess } from '../test/crash/harness/exchange-process';
import { type ExchangeAccount } from '../test/crash/harness/exchange-process';

/** So high that no order of a benchmark is refused for coming too soon: what is measured is speed, not Binance's limits. */
export const NO_LIMITS = {
  weightPerMinute: 10_000_000,
  ordersPerTenSeconds: 1_000_000,
  ordersPerDay: 100_000_000,
} as const;

/** An account of a fresh key. */
export function newAccount(name: string, balances: Readonly<Record<string, string>>): ExchangeAccount {
  return {
    name,
    apiKey: `key-${randomBytes(12).toString('hex')}`,
    secret: `secret-${randomBytes(12).toString('hex')}`,
    balances,
  };
}

/** The adapter as the emergency stop uses it: without ccxt's throttle, which would be waited for and nothing else. */
export function openAdapter(
  exchange: ExchangeProcess,
  { apiKey, secret }: ExchangeAccount,
): Promise<ExchangePort> {
  return createExchange({
    venue: 'binance',
    apiKey,
    secret,
    restUrl: exchange.url,
    wsUrl: exchange.url.replace('http', 'ws'),
    clock: 'emulator',
    requestTimeoutMs: 5_000,
    recvWindowMs: 5_000,
    throttle: false,
    symbols: ['BTC/USDT'],
  });
}
