/**
 * Does something with each of `items`, so many at a time, and all of it whatever fails.
 * @throws the first failure, by the order of the items, after everything has been tried
 */
export async function atMost<Item>(
  atOnce: number,
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.entries();
  const failures = new Map<number, unknown>();
  const hand = async (): Promise<void> => {
    for (const [index, item] of waiting)
      await work(item).catch((error: unknown) => {
        failures.set(index, error);
      });
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, hand));
  const first = Math.min(...failures.keys());
  if (failures.size > 0) throw failures.get(first);
}
