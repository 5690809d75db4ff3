import { SentimentLabel, type HeadlineScore, type HeadlineScorer } from './port';

/** Where VADER's authors draw the line (Hutto and Gilbert, ICWSM 2014). */
const NEUTRAL_BELOW = 0.05;

/**
 * VADER by its JavaScript port: a lexicon of everyday English that knows nothing of markets. A headline none of whose words it
 * knows has no answer. It is the scorer until a model takes its place.
 */
export const vaderScorer: HeadlineScorer = {
  name: 'vader 1.1.3',
  async score(headlines) {
    const { SentimentIntensityAnalyzer } = await import('vader-sentiment');
    return headlines.map((headline): HeadlineScore | null => {
      const { compound, pos, neg } = SentimentIntensityAnalyzer.polarity_scores(headline);
      if (pos === 0 && neg === 0) return null;
      return { label: labelOf(compound), sentiment: compound };
    });
  },
};

function labelOf(sentiment: number): SentimentLabel {
  if (Math.abs(sentiment) < NEUTRAL_BELOW) return SentimentLabel.Neutral;
  return sentiment > 0 ? SentimentLabel.Bullish : SentimentLabel.Bearish;
}
