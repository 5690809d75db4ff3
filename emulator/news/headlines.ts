/**
 * Headlines of the made-up world, written for this project. Its banks, exchanges and courts do not exist; only the assets do. `{A}`
 * stands for the asset. Their words are those that the lexicon (domain/news/lexicon.ts) and a scorer may know from real ones.
 */

export type Tone = -1 | 0 | 1;

const ABOUT_ASSET: Readonly<Record<Tone, readonly string[]>> = {
  [1]: [
    '{A} funds report record inflows as institutions add exposure',
    'Regulator approves first spot {A} ETF after long review',
    '{A} network upgrade goes live and halves fees',
    'Northgate Bank starts to accept {A} for card payments',
    'Harbor Exchange lists new {A} pairs on strong demand',
    'Pension fund of Westmark buys {A} for the first time',
    'Court clears {A} of securities claims, ending a long lawsuit',
    'Railway operator integrates {A} payments as adoption grows',
    'Analysts raise their {A} targets after a jump in activity',
    'Breaking: sovereign fund of Arland confirms large {A} purchase',
  ],
  [-1]: [
    '{A} funds bleed record outflows as institutions cut exposure',
    'Regulator rejects spot {A} ETF over custody concerns',
    '{A} network suffers long outage after failed upgrade',
    'Harbor Exchange halts withdrawals of {A} after suspicious transfers',
    'Bridge for {A} drained by attackers, losses unknown',
    'Southbay Exchange delists {A} pairs over weak volumes',
    'Court bans {A} payments in Westmark while lawsuit goes on',
    'Early holder sells huge {A} stake and warns of weak demand',
    'Analysts cut their {A} targets as activity falls',
    'Breaking: prosecutors sue {A} foundation over fraud claims',
  ],
  [0]: [
    '{A} developers meet for their yearly conference in Port Arden',
    'Survey asks how people store their {A}',
    'Museum of Westmark shows the history of {A}',
    'Five questions about {A} that newcomers ask',
    'University offers an evening course on {A}',
    'Podcast: a day with a {A} node operator',
    '{A} trades in a narrow range ahead of the weekend',
    'Documentary about {A} opens in Arland cinemas',
  ],
};

const ABOUT_MARKET: Readonly<Record<Tone, readonly string[]>> = {
  [1]: [
    'Central bank of Arland signals rate cut, crypto markets cheer',
    'Inflation falls more than expected, digital assets rally',
    'Westmark passes clear crypto law, lawmakers hail progress',
    'Crypto funds see strongest week of inflows in a year',
    'Breaking: Arland drops its tax on crypto gains',
    'Stablecoin supply grows to a record as demand returns',
  ],
  [-1]: [
    'Central bank of Arland hints at rate hike, crypto markets slide',
    'Inflation jumps more than expected, digital assets sink',
    'Westmark plans to ban crypto advertising, lawmakers warn of losses',
    'Crypto funds see worst week of outflows in a year',
    'Breaking: Harbor Exchange insolvent, crypto lenders in panic',
    'Stablecoin issuer faces lawsuit over missing reserves',
  ],
  [0]: [
    'Crypto conference in Port Arden opens its doors',
    'How blockchain courses changed over ten years',
    'Readers ask: what is a stablecoin?',
    'Crypto volumes little changed on a quiet day',
  ],
};

/** What the gazette makes of a headline that it takes over: told again, and to be known for the same story. */
const RETOLD: readonly ((title: string) => string)[] = [
  (title) => `${title} - The Arden Gazette`,
  (title) => `${title} | Gazette`,
  (title) => `Report: ${title}`,
  (title) => `Update: ${title}`,
];

const NAMES: Readonly<Record<string, string>> = { BTC: 'Bitcoin', ETH: 'Ethereum', SOL: 'Solana' };

/** A headline of this tone. @param pick any whole number from 0: the same one gives the same headline */
export function headlineFor(asset: string | null, tone: Tone, pick: number): string {
  const titles = asset === null ? ABOUT_MARKET[tone] : ABOUT_ASSET[tone];
  const title = titles[pick % titles.length] ?? '';
  return asset === null ? title : title.replaceAll('{A}', NAMES[asset] ?? asset);
}

/** The same headline as somebody else prints it. */
export const retold = (title: string, pick: number): string => RETOLD[pick % RETOLD.length]?.(title) ?? title;

/** What is told of a market that has been recorded: nothing about any asset, so that nobody takes it for its news. */
export const DEMONSTRATIONS: readonly string[] = [
  'Demonstration headline: this feed is written by Ballast and knows nothing of the recording',
  'Demonstration headline: what happened in those days is not told here',
  'Demonstration headline: the emulator checks that feeds are read',
  'Demonstration headline: two sources tell this one, and it counts once',
  'Demonstration headline: a quiet line between two others',
  'Demonstration headline: the clock of the recording moves on',
];
