/** A record without some of its keys. */
export const omit = <T extends object, K extends keyof T>(record: T, ...keys: readonly K[]): Omit<T, K> =>
  Object.fromEntries(Object.entries(record).filter(([key]) => !keys.some((one) => one === key))) as Omit<
    T,
    K
  >;
