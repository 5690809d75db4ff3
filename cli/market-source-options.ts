/** Where the prices of an emulated market come from. */
export const MARKET_SOURCE = {
  data: {
    type: 'string',
    requiresArg: true,
    describe: 'Recorded data to replay; else BALLAST_DATA',
  },
  simulate: { type: 'boolean', describe: 'The simulated market, whatever data is there' },
} as const;
