import fc from 'fast-check';
import { createAnonymiser } from '../../../adapters/llm/anonymiser';
import { Hindsight, hindsightOf, publishedCutOff } from '../../../adapters/llm/cut-off';

describe('the anonymiser', () => {
  it.each([
    ['Bitcoin (BTC) tops $69,000 on 10 November 2021', '[NAME_1] ([NAME_1]) tops 100i on [DATE_1]'],
    ['SOL and solana fell in Nov 2022', '[NAME_1] and [NAME_1] fell in [DATE_1]'],
    ['Since 2021-05-19T12:00:00Z it lost 34500.5', 'Since [DATE_1] it lost 50.0007i'],
    ['RSI 71.3, down 12.5% in Q1 2020', 'RSI 71.3, down 12.5% in [DATE_1]'],
    ['at 1621425600000 and at $138k', 'at [DATE_1] and at 200i'],
    ['Solving resolution, dates may differ', 'Solving resolution, dates may differ'],
  ])('hides %j', (text, hidden) => {
    const anonymiser = createAnonymiser({ referencePrice: 69_000 });
    expect(anonymiser.hide(text)).toBe(hidden);
  });

  it('hides prices whole when it has nothing to hold them against', () => {
    expect(createAnonymiser().hide('from $1,000 to $2,000, then $1,000')).toBe(
      'from [PRICE_1] to [PRICE_2], then [PRICE_1]',
    );
  });

  it('tells new levels as prices, and is not fooled by placeholders in a text from outside', () => {
    const anonymiser = createAnonymiser({ referencePrice: 200, names: [['Kraken']] });
    const hostile = 'KRAKEN says [NAME_1] is [DATE_1], 7i';
    expect(anonymiser.reveal(anonymiser.hide(hostile))).toBe(hostile);
    expect(anonymiser.revealIn({ list: ['stop at 95i'], n: 1 })).toEqual({ list: ['stop at 190'], n: 1 });
  });

  it('undoes what it has hidden, whatever the text', () => {
    const words = fc.constantFrom(
      'Ethereum',
      'May 2021',
      '$1,234.50',
      '2022',
      '[NAME_1]',
      '100i',
      'a',
      ' ',
      '.',
      '12.5',
      '£3k',
      'FTX',
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 12 }), (parts) => {
        const anonymiser = createAnonymiser();
        const text = parts.join(' ');
        expect(anonymiser.reveal(anonymiser.hide(text))).toBe(text);
      }),
      { numRuns: 200 },
    );
  });
});

describe('hindsight', () => {
  it.each([
    ['2024-04-30', '2024-05-01T00:00:00Z', Hindsight.None],
    ['2024-04-30', '2024-04-30T23:59:59Z', Hindsight.Possible],
    ['2024-04-30', '2021-01-01T00:00:00Z', Hindsight.Possible],
    [undefined, '2030-01-01T00:00:00Z', Hindsight.Unknown],
  ])('with a cut-off of %s in a period from %s is %s', (cutOff, from, expected) => {
    expect(hindsightOf(cutOff, Date.parse(from))).toBe(expected);
  });

  it('knows published cut-offs by the beginning of a name, the longest first', () => {
    expect(publishedCutOff('gpt-4.1-mini-2025-04-14')).toBe('2024-06-01');
    expect(publishedCutOff('claude-3-7-sonnet-latest')).toBe('2024-11-30');
    expect(publishedCutOff('something-else')).toBeUndefined();
    expect(() => hindsightOf('soon', 0)).toThrow('soon');
  });
});
