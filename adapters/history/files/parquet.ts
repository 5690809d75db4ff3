import { UserError } from '../../../domain/errors';
import type { Cell, RawRow, RawTable } from './table';

/** The first and the last four bytes of every Parquet file. */
const MAGIC = 'PAR1';

export const isParquet = (content: Buffer): boolean => content.toString('latin1', 0, MAGIC.length) === MAGIC;

/** @throws UserError when the file cannot be read as Parquet */
export async function parquetTable(path: string, content: Buffer): Promise<RawTable> {
  // The libraries exist only as ES modules.
  const [{ parquetMetadata, parquetRead, parquetSchema }, { compressors }] = await Promise.all([
    import('hyparquet'),
    import('hyparquet-compressors'),
  ]);
  const file = content.buffer.slice(
    content.byteOffset,
    content.byteOffset + content.byteLength,
  ) as ArrayBuffer;
  try {
    const metadata = parquetMetadata(file);
    const names = parquetSchema(metadata).children.map(({ element }) => element.name);
    const length = Number(metadata.num_rows);
    const columns = new Map(names.map((name) => [name, new Array<unknown>(length)]));
    await parquetRead({
      file,
      metadata,
      compressors,
      onChunk: ({ columnName, columnData, rowStart }) => {
        const column = columns.get(columnName);
        for (let index = 0; column !== undefined && index < columnData.length; index += 1)
          column[rowStart + index] = columnData[index];
      },
    });
    const lists = names.map((name) => columns.get(name) ?? []);
    function* rows(): Generator<RawRow> {
      for (let row = 0; row < length; row += 1)
        yield { place: row + 1, cells: lists.map((column) => cellOf(column[row])) };
    }
    return { header: names.map((name) => name.toLowerCase()), unit: 'row', rows };
  } catch (error) {
    throw new UserError(
      `${path} cannot be read as Parquet: ${error instanceof Error ? error.message : String(error)}`,
      'Write the file again, without encryption and nested columns.',
    );
  }
}

function cellOf(value: unknown): Cell {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Date) return value.getTime();
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) : '';
}

/** Columns of one length as a Parquet file, compressed with Snappy: times as milliseconds (INT64, UTC), the rest doubles. */
export async function writeParquet(
  columns: readonly { readonly name: string; readonly values: Float64Array; readonly isTime: boolean }[],
): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  const buffer = parquetWriteBuffer({
    columnData: columns.map(({ name, values, isTime }) =>
      isTime
        ? { name, data: BigInt64Array.from(values, BigInt), type: 'INT64', nullable: false }
        : { name, data: values, type: 'DOUBLE', nullable: false },
    ),
  });
  return new Uint8Array(buffer);
}
