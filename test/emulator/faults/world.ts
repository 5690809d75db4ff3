import type { EmulatorOptions, RunningEmulator } from '../../../emulator/main';
import type { FaultStrike } from '../../../emulator/server/faults/log';
import type { Fixture } from '../client';
import { Client, limitOrder, type Answer, type Json } from '../client';
import { waveMarket } from '../scripted-market';

export const PLACE = 'POST /api/v3/order';
export const REPLACE = 'POST /api/v3/order/cancelReplace';

/** A running emulator whose market stands still, with the calls that tests of faults make. */
export class FaultWorld {
  readonly client: Client;

  constructor(readonly emulator: Pick<RunningEmulator, 'url' | 'wsUrl' | 'apiKey' | 'secret'>) {
    this.client = new Client(emulator);
  }

  static async start(fixture: Fixture, options: Partial<EmulatorOptions> = {}): Promise<FaultWorld> {
    return new FaultWorld(await fixture.start({ source: waveMarket(), ...options }));
  }

  plan(fault: Json): Promise<Json> {
    return this.client.control('POST /emulator/faults', fault);
  }

  async planned(): Promise<readonly Json[]> {
    return (await this.client.control('GET /emulator/faults')) as unknown as Json[];
  }

  async strikes(): Promise<readonly FaultStrike[]> {
    return (await this.client.control('GET /emulator/faults/log')) as unknown as FaultStrike[];
  }

  place(order: Json = {}): Promise<Answer> {
    return this.client.signed(PLACE, { ...limitOrder, ...order });
  }

  lookUp(clientOrderId: string): Promise<Answer> {
    return this.client.signed('GET /api/v3/order', { symbol: 'BTCUSDT', origClientOrderId: clientOrderId });
  }

  cancel(clientOrderId: string): Promise<Answer> {
    return this.client.signed('DELETE /api/v3/order', {
      symbol: 'BTCUSDT',
      origClientOrderId: clientOrderId,
    });
  }

  replace(cancelled: string, placed: string): Promise<Answer> {
    return this.client.signed(REPLACE, {
      ...limitOrder,
      newClientOrderId: placed,
      cancelReplaceMode: 'STOP_ON_FAILURE',
      cancelOrigClientOrderId: cancelled,
    });
  }

  /** Buys, and protects what was bought by a stop far below the market. */
  async holdWithStop(clientOrderId = 'stop'): Promise<void> {
    const bought = await this.place({ type: 'MARKET', timeInForce: '', price: '' });
    if (bought.status !== 200) throw new Error(JSON.stringify(bought.body));
    const stop = await this.place({
      side: 'SELL',
      type: 'STOP_LOSS',
      timeInForce: '',
      price: '',
      quantity: '0.009',
      stopPrice: '50000',
      newClientOrderId: clientOrderId,
    });
    if (stop.status !== 200) throw new Error(JSON.stringify(stop.body));
  }

  /** How many orders the account has ever placed. */
  async orderCount(): Promise<unknown> {
    return (await this.client.signed('GET /api/v3/allOrders', { symbol: 'BTCUSDT' })).body.length;
  }
}
