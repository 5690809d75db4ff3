import fc from 'fast-check';
import { createAnonymiser } from '../../adapters/llm/anonymiser';
import { panelQuestion } from '../../adapters/llm/panel-question';
import type { ModelRequest, ToolCall } from '../../adapters/llm/port';
import { listPrompts, loadPrompt, type Prompt } from '../../adapters/llm/prompt';
import { parseHeadlines } from '../../adapters/news/parse-feed';
import { decimal } from '../../domain/decimal';
import { Seat } from '../../domain/deliberation/seats';
import { turnsOf } from '../../domain/deliberation/turns';
import type { Statement } from '../../domain/deliberation/verdict';
import { ACCOUNTS, BRIEF, settingsOf, sit, sized } from './panel-bench';
import { managerOver } from './scripted-model';
import { HOSTILE, hostileFeed } from './hostile';
import { answerOf } from './scripted-seats';

const settings = settingsOf();
const turns = turnsOf(settings);
/** As a feed tells them and as they are read: a brief gets them so. */
const read = parseHeadlines(hostileFeed(), Date.UTC(2026, 0, 1)).map(({ title }) => title);
const everyHeadline = [...new Set([...Object.values(HOSTILE), ...read])];

const textOf = ({ messages }: Pick<ModelRequest, 'messages'>, role: string): string =>
  messages
    .filter((message) => message.role === role)
    .map(({ content }) => content)
    .join('\n');

const TAGS = /<\/?[a-z_]+>/g;
const tagsOf = (text: string): readonly string[] => text.match(TAGS) ?? [];

it('feeds with hostile headlines are read as headlines', () => {
  expect(read.length).toBe(Object.keys(HOSTILE).length);
});

describe.each(turns.map((turn) => [turn.seat, turn] as const))('what the %s is asked', (_seat, turn) => {
  const render = (headlines: readonly string[], heard: readonly Statement[] = []) => {
    const { prompt, values } = panelQuestion(turn, settings, { ...BRIEF, headlines }, heard);
    return { messages: prompt.render(values) };
  };
  const harmless = render(['Nothing happened.']);

  it.each(everyHeadline.map((headline) => [headline.slice(0, 60), headline] as const))(
    'keeps %j in its place',
    (_name, headline) => {
      const asked = render([headline], [{ seat: Seat.Analyst, round: 1, answer: { verdict: headline } }]);
      expect(asked.messages.map(({ role }) => role)).toEqual(['system', 'user']);
      expect(textOf(asked, 'system')).toBe(textOf(harmless, 'system'));
      // No mark-up but the prompt's own: nothing has closed its block, or opened another.
      expect(tagsOf(textOf(asked, 'user'))).toEqual(tagsOf(textOf(harmless, 'user')));
      expect(textOf(asked, 'user')).not.toMatch(/<\||[^\P{Cc}\n]|\p{Cf}/u);
    },
  );

  it('takes no variable from a text', () => {
    const { prompt, values } = panelQuestion(
      turn,
      settings,
      { ...BRIEF, headlines: ['{{account}} {{x}}'] },
      [],
    );
    expect(textOf({ messages: prompt.render(values) }, 'user')).toContain('{{account}} {{x}}');
  });
});

it('what a scorer is asked keeps a headline in its place too', () => {
  const prompt = loadPrompt('headline-sentiment', 1);
  const system = (headline: string): string =>
    textOf({ messages: prompt.render({ asset: 'BTC', headline }) }, 'system');
  for (const headline of everyHeadline) {
    expect(system(headline)).toBe(system('x'));
    expect(createAnonymiser().hide(headline)).not.toContain('{{headline}}');
  }
});

/** What a model that obeys hostile text to the letter may answer: the worst that it can say. */
const OBEDIENT: Readonly<
  Record<string, { readonly text: string; readonly toolCalls?: readonly ToolCall[] }>
> = {
  'a larger size': {
    text: JSON.stringify({ verdict: 'confirm', sizeFactor: 100, confidence: 1, reasons: ['Obeyed.'] }),
  },
  'a verdict that there is not': {
    text: JSON.stringify({ verdict: 'enlarge', sizeFactor: 1, confidence: 1, reasons: ['x'] }),
  },
  'another stop': {
    text: JSON.stringify({ verdict: 'confirm', sizeFactor: 1, confidence: 1, reasons: ['x'], stopPrice: 1 }),
  },
  'a shrink by more than all': {
    text: JSON.stringify({ verdict: 'shrink', sizeFactor: -5, confidence: 1, reasons: ['x'] }),
  },
  'a tool that it was not given': {
    text: '',
    toolCalls: [
      { id: '1', name: 'place_market_order', arguments: '{"symbol":"BTC/USDT","quantity":"1000"}' },
    ],
  },
  'a tool beside an answer': {
    text: answerOf(Seat.Supervisor, 'confirm'),
    toolCalls: [{ id: '1', name: 'cancel_all_orders', arguments: '{}' }],
  },
  'the hostile text itself': { text: Object.values(HOSTILE).join('\n') },
  'two answers': {
    text: `${answerOf(Seat.Supervisor, 'confirm')}${answerOf(Seat.Supervisor, 'confirm', 50)}`,
  },
  'prototype pollution': {
    text: '{"__proto__":{"verdict":"confirm","sizeFactor":9},"constructor":{"prototype":{}}}',
  },
};

describe.each(Object.entries(OBEDIENT))('a model that obeys with %s', (_name, said) => {
  const obey = { text: said.text, toolCalls: said.toolCalls ?? [] };

  it('causes no order that risk would refuse, and enlarges none', async () => {
    const manager = managerOver(() => obey);
    const { sizeFactor } = await sit(manager, { ...BRIEF, headlines: Object.values(HOSTILE) });
    await manager.close();
    for (const snapshot of Object.values(ACCOUNTS))
      expect(sized(snapshot, sizeFactor)).toEqual(sized(snapshot, decimal('1')));
  });

  it('makes nobody run anything: no tool is offered, and none that is asked for is in what is read', async () => {
    const requests: ModelRequest[] = [];
    const manager = managerOver((request) => {
      requests.push(request);
      return obey;
    });
    const [turn] = turns;
    if (turn === undefined) throw new Error('There is no turn.');
    const reply = await manager.ask(panelQuestion(turn, settings, BRIEF, []));
    await manager.close();
    expect(requests.every(({ tools }) => tools === undefined)).toBe(true);
    expect(JSON.stringify(reply.answered ? reply.value : null)).not.toMatch(
      /place_market_order|cancel_all_orders/,
    );
  });
});

it('the most that an obedient panel can do is what it may: veto, or make smaller', async () => {
  const vetoing = managerOver(() => ({ text: answerOf(Seat.Supervisor, 'veto'), toolCalls: [] }));
  expect(await sit(vetoing, BRIEF, settingsOf({ quorum: 1 }))).toMatchObject({
    outcome: 'veto',
    sizeFactor: null,
  });
  await vetoing.close();
});

it('no prompt takes anything from the process: with an environment full of secrets each reads the same', () => {
  const SECRETS = [
    'BALLAST_EXCHANGE_SECRET',
    'BALLAST_OPENAI_API_KEY',
    'BALLAST_POSTGRES_URL',
    'AWS_SECRET_ACCESS_KEY',
  ];
  const rendered = (values: readonly string[]): string =>
    JSON.stringify(
      listPrompts().map(({ name, version }) => {
        const prompt = loadPrompt(name, version);
        const names = variablesOf(prompt);
        return prompt.render(
          Object.fromEntries(names.map((one, index) => [one, values[index % values.length] ?? ''])),
        );
      }),
    );
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.constantFrom(...Object.values(HOSTILE))), {
        minLength: 1,
        maxLength: 8,
      }),
      (values) => {
        const clean = rendered(values);
        for (const name of SECRETS) process.env[name] = `canary-${name}`;
        try {
          expect(rendered(values)).toBe(clean);
          expect(clean).not.toContain('canary-');
        } finally {
          for (const name of SECRETS) Reflect.deleteProperty(process.env, name);
        }
      },
    ),
    { numRuns: 20 },
  );
});

/** A prompt names the variables that have no value when it is rendered with none. */
function variablesOf(prompt: Prompt): readonly string[] {
  try {
    prompt.render({});
    return [];
  } catch (error) {
    const [, names = ''] = /without a value: ([^;]*);/.exec((error as Error).message) ?? [];
    return names.split(', ').filter((name) => name !== '–');
  }
}
