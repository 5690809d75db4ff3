import { z } from 'zod';
import { loadPrompt, type Prompt } from '../llm/prompt';
import { SentimentLabel } from './port';

/** Characters of a headline that a model is shown: what is longer is no headline, and its end says little. */
const LONGEST = 300;

/** What a model says of a headline. A label that its own number contradicts is no answer. */
export const headlineForm = {
  name: 'headline_sentiment',
  schema: z
    .strictObject({
      label: z.enum(SentimentLabel),
      sentiment: z.number().min(-1).max(1).multipleOf(0.1),
    })
    .refine(({ label, sentiment }) => !(SIGN[label] * sentiment < 0), {
      path: ['sentiment'],
      message: 'its sign contradicts the label',
    }),
};

const SIGN = { bullish: 1, neutral: 0, bearish: -1 } as const;

/** Tokens of an answer: the compact one takes a dozen, and some models write it with spaces. */
export const HEADLINE_TOKENS = 100;

/** What models are asked about headlines. */
export const headlinePrompt = (): Prompt => loadPrompt('headline-sentiment', 2);

/** The values of the prompt for a headline, cut to a headline's length; control characters and line breaks are spaces. */
export function headlineValues(text: string): { readonly headline: string } {
  const clean = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  // By code points: half of an emoji is no character.
  return { headline: Array.from(clean).slice(0, LONGEST).join('').trim() };
}
