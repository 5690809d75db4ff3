/** Another engine that can do the reference task. */
export interface Peer {
  /** For `--only`. */
  readonly name: string;
  /** The environment of Python that it runs in: scripts/bench-peers.mjs. */
  readonly package: string;
  /** Its file in this folder. */
  readonly adapter: string;
  /** Runs in one process; the first may compile. */
  readonly rounds: number;
  /** Set in its process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Only when `--only` names it. */
  readonly onRequest?: true;
  /** What it does otherwise than we, or cannot express, and how the adapter bridges it. */
  readonly note: string;
}

const NAUTILUS = {
  package: 'nautilus_trader',
  adapter: 'nautilus_py.py',
  rounds: 1,
};

export const PEERS: readonly Peer[] = [
  {
    name: 'vectorbt',
    package: 'vectorbt',
    adapter: 'vectorbt_py.py',
    rounds: 6,
    note: 'signals are columns that are known beforehand, so it answers this task and not every strategy. Quantities are not rounded to lots. A stop or target is looked at from the bar after the entry, and a stop inside a bar goes before an exit that is due at its open.',
  },
  {
    name: 'backtesting.py',
    package: 'backtesting',
    adapter: 'backtesting_py.py',
    rounds: 2,
    note: 'stop and target are part of the order, so they are set from the close that decided and not from the price of the fill: after a gap in between they stand elsewhere.',
  },
  {
    name: 'nautilus_trader',
    ...NAUTILUS,
    note: 'a market order fills at the close that decided, and stop and target are set from it: after a gap in between all three are elsewhere. A stop or target that the market has gapped over fills at its own price, not at the open. Its statistics after the run, which take time with the square of the trades, are left out.',
  },
  {
    name: 'nautilus_trader-as-shipped',
    ...NAUTILUS,
    env: { BALLAST_PEER_AS_SHIPPED: '1' },
    onRequest: true,
    note: 'the same, statistics included.',
  },
  {
    name: 'freqtrade',
    package: 'freqtrade',
    adapter: 'freqtrade_py.py',
    rounds: 1,
    note: 'the target is its minimal_roi, which is net of both fees, and its stake leaves the fee out; both are converted. A stop that the market has gapped over fills at its own price when the bar comes back to it; a target at its own price or the low of the bar, whichever is higher. Its exchange is told its markets and is asked nothing.',
  },
];
