import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a server does with a request. `parts` are pieces of text that are streamed. */
export type Behaviour =
  | {
      readonly kind: 'text';
      readonly parts: readonly string[];
      readonly delayMs?: number;
      readonly stop?: string;
    }
  | { readonly kind: 'tool'; readonly name: string; readonly parts: readonly string[] }
  | { readonly kind: 'refusal'; readonly text: string }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: unknown;
    }
  /** The connection ends after these parts. */
  | { readonly kind: 'broken'; readonly parts: readonly string[] }
  /** The stream tells of an error after these parts. */
  | { readonly kind: 'stream-error'; readonly parts: readonly string[] }
  /** After these parts the stream holds what is no JSON. */
  | { readonly kind: 'garbled'; readonly parts: readonly string[] }
  | { readonly kind: 'html' }
  | { readonly kind: 'silence' };

export interface VendorServer {
  readonly url: string;
  /** Taken from the front; the last one stays. */
  behaviours: Behaviour[];
  readonly requests: {
    readonly path: string;
    readonly headers: IncomingMessage['headers'];
    readonly body: unknown;
  }[];
  close(): Promise<void>;
}

type Wire = (
  behaviour: Extract<Behaviour, { parts: unknown } | { text: string }>,
) => readonly (readonly [string, unknown])[];

/** OpenAI's chat completions, streamed: one `data:` per delta, usage in a chunk of its own, `[DONE]`. */
export const openAiWire: Wire = (behaviour) => {
  const chunk = (delta: object, finish: string | null = null): readonly [string, unknown] => [
    '',
    {
      id: 'c1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [{ index: 0, delta, finish_reason: finish }],
    },
  ];
  const usage: readonly [string, unknown] = [
    '',
    {
      id: 'c1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [],
      usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
    },
  ];
  const done: readonly [string, unknown] = ['', '[DONE]'];
  switch (behaviour.kind) {
    case 'refusal':
      return [chunk({ role: 'assistant', refusal: behaviour.text }), chunk({}, 'stop'), usage, done];
    case 'tool':
      return [
        chunk({
          role: 'assistant',
          tool_calls: [
            { index: 0, id: 't1', type: 'function', function: { name: behaviour.name, arguments: '' } },
          ],
        }),
        ...behaviour.parts.map((part) =>
          chunk({ tool_calls: [{ index: 0, function: { arguments: part } }] }),
        ),
        ...[chunk({}, 'tool_calls'), usage, done],
      ];
    case 'broken':
      return behaviour.parts.map((part) => chunk({ content: part }));
    case 'garbled':
      return [...behaviour.parts.map((part) => chunk({ content: part })), ['', '{"id":"c1","cho']];
    case 'stream-error':
      return [
        ...behaviour.parts.map((part) => chunk({ content: part })),
        ['', { error: { message: 'The server had an error.', type: 'server_error' } }],
      ];
    case 'text':
      return [
        ...behaviour.parts.map((part) => chunk({ content: part })),
        chunk({}, behaviour.stop ?? 'stop'),
        usage,
        done,
      ];
  }
};

/** Anthropic's messages, streamed: named events. */
export const anthropicWire: Wire = (behaviour) => {
  const start: readonly [string, unknown] = [
    'message_start',
    {
      type: 'message_start',
      message: {
        id: 'm1',
        type: 'message',
        role: 'assistant',
        model: 'm',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 11, output_tokens: 1 },
      },
    },
  ];
  const block = (content_block: object): readonly [string, unknown] => [
    'content_block_start',
    { type: 'content_block_start', index: 0, content_block },
  ];
  const delta = (inner: object): readonly [string, unknown] => [
    'content_block_delta',
    { type: 'content_block_delta', index: 0, delta: inner },
  ];
  const end = (stop_reason: string): readonly (readonly [string, unknown])[] => [
    ['content_block_stop', { type: 'content_block_stop', index: 0 }],
    [
      'message_delta',
      { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 7 } },
    ],
    ['message_stop', { type: 'message_stop' }],
  ];
  const text = (part: string) => delta({ type: 'text_delta', text: part });
  switch (behaviour.kind) {
    case 'refusal':
      return [start, block({ type: 'text', text: '' }), text(behaviour.text), ...end('refusal')];
    case 'tool':
      return [
        start,
        block({ type: 'tool_use', id: 't1', name: behaviour.name, input: {} }),
        ...behaviour.parts.map((partial_json) => delta({ type: 'input_json_delta', partial_json })),
        ...end('tool_use'),
      ];
    case 'broken':
      return [start, block({ type: 'text', text: '' }), ...behaviour.parts.map(text)];
    case 'garbled':
      return [
        ...[start, block({ type: 'text', text: '' }), ...behaviour.parts.map(text)],
        ['content_block_delta', '{"type":"content_blo'],
      ];
    case 'stream-error':
      return [
        ...[start, block({ type: 'text', text: '' }), ...behaviour.parts.map(text)],
        ['error', { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }],
      ];
    case 'text':
      return [
        start,
        block({ type: 'text', text: '' }),
        ...behaviour.parts.map(text),
        ...end(behaviour.stop === 'length' ? 'max_tokens' : 'end_turn'),
      ];
  }
};

/**
 * A server on loopback that speaks a vendor's wire format and does as it is told.
 * @param choose by what is asked, instead of in turn
 */
export async function startVendor(
  wire: Wire,
  choose?: (body: unknown) => Behaviour | undefined,
): Promise<VendorServer> {
  const requests: VendorServer['requests'] = [];
  const state: { behaviours: Behaviour[] } = { behaviours: [] };
  const server = createServer((request, response) => {
    void readBody(request).then(async (body) => {
      requests.push({ path: request.url ?? '', headers: request.headers, body });
      const [next] = state.behaviours;
      if (state.behaviours.length > 1) state.behaviours.shift();
      if (request.url?.endsWith('/embeddings') === true) embed(response);
      else await behave(wire, choose?.(body) ?? next ?? { kind: 'silence' }, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get behaviours() {
      return state.behaviours;
    },
    set behaviours(value) {
      state.behaviours = value;
    },
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return JSON.parse(Buffer.concat(parts).toString('utf8') || 'null') as unknown;
}

function embed(response: ServerResponse): void {
  const data = [
    { object: 'embedding', index: 1, embedding: [0, 1] },
    { object: 'embedding', index: 0, embedding: [1, 0] },
  ];
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({ object: 'list', data, model: 'm', usage: { prompt_tokens: 4, total_tokens: 4 } }),
  );
}

async function behave(wire: Wire, behaviour: Behaviour, response: ServerResponse): Promise<void> {
  switch (behaviour.kind) {
    case 'silence':
      return;
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<html>Sign in to the hotel network</html>');
      return;
    case 'status':
      response.writeHead(behaviour.status, { 'content-type': 'application/json', ...behaviour.headers });
      response.end(JSON.stringify(behaviour.body ?? { error: { message: 'told to fail', type: 'test' } }));
      return;
    case 'broken':
    case 'garbled':
    case 'stream-error':
    case 'refusal':
    case 'text':
    case 'tool':
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const [event, data] of wire(behaviour)) {
        if (response.destroyed) return;
        const line = typeof data === 'string' ? data : JSON.stringify(data);
        response.write(`${event === '' ? '' : `event: ${event}\n`}data: ${line}\n\n`);
        if (behaviour.kind === 'text' && behaviour.delayMs !== undefined) await sleep(behaviour.delayMs);
      }
      if (behaviour.kind === 'broken') response.destroy();
      else response.end();
  }
}
