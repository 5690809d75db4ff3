import { TextDecoder } from 'node:util';

/** Where the declaration of an XML document stands, if it has one. */
const DECLARATION_BYTES = 200;
const BYTE_ORDER_MARKS: readonly (readonly [encoding: string, mark: readonly number[]])[] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
];

/**
 * The text of an answer: by its byte order mark, else the charset of its content type, else its XML declaration, else UTF-8.
 * An encoding that nobody knows is passed over; bytes that are none of it become U+FFFD.
 */
export function decodeBytes(bytes: Uint8Array, contentType: string | null): string {
  const marked = BYTE_ORDER_MARKS.find(([, mark]) => mark.every((byte, index) => bytes[index] === byte))?.[0];
  const beginning = new TextDecoder('latin1').decode(bytes.subarray(0, DECLARATION_BYTES));
  const candidates = [
    marked,
    /charset\s*=\s*["']?([^\s"';]+)/iu.exec(contentType ?? '')?.[1],
    /^\s*<\?xml[^>]*encoding\s*=\s*["']([^"']+)["']/iu.exec(beginning)?.[1],
    'utf-8',
  ];
  for (const encoding of candidates) {
    const decoder = encoding === undefined ? undefined : decoderOf(encoding);
    if (decoder !== undefined) return decoder.decode(bytes);
  }
  return new TextDecoder().decode(bytes);
}

function decoderOf(encoding: string): TextDecoder | undefined {
  try {
    return new TextDecoder(encoding);
  } catch {
    return undefined; // no such encoding
  }
}
