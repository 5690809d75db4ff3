import { SentimentLabel, type HeadlineScore, type HeadlineScorer } from './port';

/** Where VADER's authors draw the line (Hutto and Gilbert, ICWSM 2014). */
const NEUTRAL_BELOW = 0.05;

/**
 * VADER by its JavaScript port: a lexicon of everyday English that knows nothing of markets. A headline none of whose words it
 * knows has no answer. It is what models are compared with, and the scorer where no model is wanted.
 */
export const vaderScorer: HeadlineScorer = {
  name: 'vader 1.1.3',
  async score(headlines) {
    const polarity = await analyser();
    return headlines.map((headline) => {
      const { compound, pos, neg } = polarity(headline);
      return pos === 0 && neg === 0 ? null : scoreOf(compound);
    });
  },
};

/** VADER as its authors define it, for comparisons: what it does not know is neutral. */
export const vaderBaseline: HeadlineScorer = {
  name: 'vader',
  async score(headlines) {
    const polarity = await analyser();
    return headlines.map((headline) => scoreOf(polarity(headline).compound));
  },
};

async function analyser() {
  const { SentimentIntensityAnalyzer } = await import('vader-sentiment');
  return (headline: string) => SentimentIntensityAnalyzer.polarity_scores(headline);
}

const scoreOf = (compound: number): HeadlineScore => ({ label: labelOf(compound), sentiment: compound });

function labelOf(sentiment: number): SentimentLabel {
  if (Math.abs(sentiment) < NEUTRAL_BELOW) return SentimentLabel.Neutral;
  return sentiment > 0 ? SentimentLabel.Bullish : SentimentLabel.Bearish;
}
