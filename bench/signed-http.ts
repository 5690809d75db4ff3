import { createHmac } from 'node:crypto';
import { Agent, request as sendRequest } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Key {
  readonly apiKey: string;
  readonly secret: string;
}

type Parameters = Readonly<Record<string, string | number>>;

/**
 * The least that an order needs: a signed request of Binance's protocol over a kept-alive connection, and its answer parsed. No library, no checks but
 * the status.
 */
export class SignedHttp {
  private readonly agent = new Agent({ keepAlive: true });
  private readonly url: URL;

  constructor(
    url: string,
    private readonly key: Key,
  ) {
    this.url = new URL(url);
  }

  /** @throws Error with the exchange's answer when it refuses. */
  async call(method: 'GET' | 'POST', path: string, parameters: Parameters = {}): Promise<unknown> {
    const values = { ...parameters, recvWindow: 5_000, timestamp: Date.now() };
    const query = new URLSearchParams(
      Object.entries(values).map(([name, value]): [string, string] => [name, String(value)]),
    ).toString();
    const signature = createHmac('sha256', this.key.secret).update(query).digest('hex');
    const signed = `${query}&signature=${signature}`;
    const { status, body } = await this.send(method, path, signed);
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${body}`);
    return JSON.parse(body);
  }

  close(): void {
    this.agent.destroy();
  }

  private send(method: string, path: string, signed: string): Promise<{ status: number; body: string }> {
    const { hostname, port } = this.url;
    const isPost = method === 'POST';
    return new Promise((resolve, reject) => {
      const request = sendRequest(
        {
          host: hostname,
          port,
          method,
          path: isPost ? path : `${path}?${signed}`,
          agent: this.agent,
          headers: {
            'X-MBX-APIKEY': this.key.apiKey,
            ...(isPost && { 'Content-Type': 'application/x-www-form-urlencoded' }),
          },
        },
        (response) => {
          text(response).then((body) => {
            resolve({ status: response.statusCode ?? 0, body });
          }, reject);
        },
      );
      request.on('error', reject);
      request.end(isPost ? signed : undefined);
    });
  }
}
