/** Longest line there is: a checkpoint that names every chain, or a change with its states. */
const LONGEST = 64 * 1024 * 1024;

/**
 * The lines of a text in UTF-8, without their ends: ended by a line feed and nothing else, because what other readers take for the end of a
 * line is a byte like any other.
 * @param broken makes the error of what is no such text.
 */
export async function* linesIn(
  input: AsyncIterable<Buffer>,
  broken: (why: string, cause?: unknown) => Error,
): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    const end = chunk.lastIndexOf(0x0a);
    length += end < 0 ? chunk.length : end;
    if (length > LONGEST) throw broken('a line without an end');
    if (end < 0) {
      rest.push(chunk);
      continue;
    }
    yield* decode(Buffer.concat([...rest, chunk.subarray(0, end)]), broken).split('\n');
    rest = [chunk.subarray(end + 1)];
    length = chunk.length - end - 1;
  }
  if (length > 0) throw broken('the last line does not end: the tail is missing');
}

/** Nothing is put in the place of what is no UTF-8: the same text would stand for several files. */
function decode(bytes: Buffer, broken: (why: string, cause?: unknown) => Error): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw broken('there are bytes that are no UTF-8', cause);
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
