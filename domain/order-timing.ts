/** How long after acceptance an exchange may still not show an order, in wall milliseconds. */
export const VISIBILITY_LAG_MS = 2_000;

/** A stop whose request was lost leaves a position bare until its absence is proven, so its windows are short. */
export const REDUCING = { sendWindowMs: 1_000, receiveWindowMs: 1_500 } as const;

/** From the end of an attempt to send a stop or an exit until it can be proven that it came to nothing. */
export const PROOF_OF_ABSENCE_MS = REDUCING.receiveWindowMs + VISIBILITY_LAG_MS;
