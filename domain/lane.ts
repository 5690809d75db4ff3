/**
 * The two paths on which a strategy decides. `durable`: a workflow for every bar. `fast`: one long activity that decides as soon as the
 * venue's stream tells that a bar has closed. Both run the same code on the same closed bars.
 */
export const Lane = { Durable: 'durable', Fast: 'fast' } as const;
export type Lane = (typeof Lane)[keyof typeof Lane];
