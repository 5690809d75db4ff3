/** The most rows Binance answers at once. */
export const PAGE_LIMIT = 1_000;
/** 100,000 rows: more than that in one question is a mistake of ours. */
const MAX_PAGES = 100;

/**
 * All rows from the first page to the end. Binance pages by id: after a full page the next begins at its last id plus one.
 * @throws RangeError after 100 full pages.
 */
export async function fetchPages<Row>(
  first: () => Promise<readonly Row[]>,
  from: (nextId: string) => Promise<readonly Row[]>,
  idOf: (row: Row) => string,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let page = await first();
  for (let pages = 1; ; pages += 1) {
    rows.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_LIMIT) return rows;
    if (pages === MAX_PAGES) throw new RangeError(`More than ${rows.length} rows: ask for a later start.`);
    page = await from(String(BigInt(idOf(last)) + 1n));
  }
}
