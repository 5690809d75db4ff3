const comment = '//# sourceMappingURL=data:';
const encoding = 'base64,';

/**
 * A workflow bundle that takes as little memory as it can without a stack trace losing its lines. A worker keeps the text
 * and the map in its main thread and in that of the workflows. So the map goes without the sources themselves, and the
 * text without any character beyond Latin-1, for which V8 would store all of its characters in two bytes each.
 * @param {string} bundle code with its source map inline, as the SDK makes it
 * @returns {string}
 */
export function slimBundle(bundle) {
  const commentAt = bundle.lastIndexOf(comment);
  const mapAt = bundle.indexOf(encoding, commentAt) + encoding.length;
  if (commentAt < 0 || mapAt < encoding.length)
    throw new Error('The workflow bundle has no inline source map: the SDK makes it in another form now.');
  const map = JSON.parse(Buffer.from(bundle.slice(mapAt).trim(), 'base64').toString());
  delete map.sourcesContent;
  const code = Array.from(bundle.slice(0, commentAt), escapeWide).join('');
  return `${code}${bundle.slice(commentAt, mapAt)}${Buffer.from(JSON.stringify(map)).toString('base64')}`;
}

/** Wide characters stand in strings and comments only, where their escapes mean the same. */
function escapeWide(character) {
  if (character.charCodeAt(0) <= 0xff) return character;
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
