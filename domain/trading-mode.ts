/** ACTIVE may enter; REDUCING may only reduce; HALTED leaves everything to the emergency stop. */
export const TradingMode = { Active: 'ACTIVE', Reducing: 'REDUCING', Halted: 'HALTED' } as const;
export type TradingMode = (typeof TradingMode)[keyof typeof TradingMode];
