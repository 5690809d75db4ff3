import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExchangeOptions } from '../../../adapters/exchange/options';
import type { ExchangePort, OrderRequest } from '../../../adapters/exchange/port';
import { decimal } from '../../../domain/decimal';
import { OrderType } from '../../../domain/order';
import { readExchangeRecord, type ExchangeRecord } from '../../../emulator/journal/record';
import { startEmulator, type RunningEmulator } from '../../../emulator/main';
import type { MarketSource } from '../../../emulator/market/source';
import { buyRequest, openExchange } from './scripted-exchange';
import { stillMarket } from './still-market';

export const BTC = 'BTC/USDT';

/** The adapter on a real emulator, whose market clock stands still until a test moves it. */
export class EmulatorWorld {
  private orderCount = 0;
  private readonly opened: ExchangePort[] = [];

  private constructor(
    readonly emulator: RunningEmulator,
    private readonly folder: string,
  ) {}

  static async start(source: MarketSource = stillMarket): Promise<EmulatorWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'ballast-exchange-'));
    const emulator = await startEmulator({
      port: 0,
      source,
      speed: 60,
      paused: true,
      journalDir: folder,
      accounts: [
        { name: 'test', apiKey: 'emulator-key', secret: 'emulator-secret', balances: { USDT: '100000' } },
      ],
    });
    return new EmulatorWorld(emulator, folder);
  }

  /** A client of the account; closed with the world. */
  async open(overrides: Partial<ExchangeOptions> = {}): Promise<ExchangePort> {
    const exchange = await openExchange(
      { restUrl: this.emulator.url, wsUrl: this.emulator.wsUrl },
      {
        clock: 'emulator',
        apiKey: this.emulator.apiKey,
        secret: this.emulator.secret,
        symbols: [BTC],
        ...overrides,
      },
    );
    this.opened.push(exchange);
    return exchange;
  }

  async close(): Promise<void> {
    for (const exchange of this.opened) await exchange.close();
    await this.emulator.close();
    await rm(this.folder, { recursive: true });
  }

  async control(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.emulator.url}/emulator/${path}`, {
      method,
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(await response.text());
    return response.json();
  }

  async plan(fault: object): Promise<void> {
    await this.control('POST', 'faults', fault);
  }

  async callOff(): Promise<void> {
    await this.control('DELETE', 'faults');
  }

  async advanceTo(marketTimeMs: number): Promise<void> {
    await this.control('POST', 'clock', { action: 'advanceTo', toMs: marketTimeMs });
  }

  /** The exchange's own truth. */
  record(): ExchangeRecord {
    return readExchangeRecord(this.folder);
  }

  nextOrder(overrides: Partial<OrderRequest> = {}): OrderRequest {
    this.orderCount += 1;
    const clientOrderId = `bl-abc123-${this.orderCount}`;
    return buyRequest({ clientOrderId, quantity: decimal('0.2'), ...overrides });
  }

  stopOrder(stopPrice: string, overrides: Partial<OrderRequest> = {}): OrderRequest {
    return this.nextOrder({
      side: 'sell',
      type: OrderType.StopMarket,
      stopPrice: decimal(stopPrice),
      quantity: decimal('0.1'),
      ...overrides,
    });
  }
}
