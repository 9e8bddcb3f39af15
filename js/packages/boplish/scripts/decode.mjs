// The browser's end of embed.mjs: decodes the module. Every visitor pays for this file, so it knows
// only what the encoder does: one raw LZMA stream with 4 bits of context for a literal (lc = 4), no
// bits of the position (lp = pb = 0), and no mark at its end. The names of what it reads are those
// of the specification by Igor Pavlov (lzma-specification.txt, in the LZMA SDK).

// Where the probabilities are, all in one array. To IS_… the state is added, which is 0 to 11.
const IS_MATCH = 0;
/** No probability: a bit that is as likely 0 as 1. */
const DIRECT = 12;
const IS_REP = 16;
const IS_REP_0 = 32;
const IS_REP_0_LONG = 48;
const IS_REP_1 = 64;
const IS_REP_2 = 80;
const ALIGN = 96;
/** The lower bits of distances of 4 to 127. */
const SPECIAL = 112;
/** Four trees, for matches of 2, 3, 4, and 5 or more bytes. */
const SLOT = 256;
const LENGTH = 512;
const REP_LENGTH = 1024;
/** Trees of 3, 3 and 8 bits in the above, after the two choices between them. */
const LOW = 8;
const MIDDLE = 16;
const HIGH = 256;
/** A tree and two for the bits that follow a match, in each of 16 contexts. */
const LITERAL = 1536;
const LITERAL_SIZE = 768;
const PROBABILITIES = LITERAL + 16 * LITERAL_SIZE;

// The state of the range coder. In an array of their own, numbers of 32 bits need no memory of the
// heap each time they change, which makes decoding a quarter faster.
const RANGE = 0;
const CODE = 1;

/** `length` bytes from an LZMA stream in base64. */
export function decode(text, length) {
  const input = atob(text);
  const bytes = new Uint8Array(length);
  // Of 2048, that a bit is 0.
  const probabilities = new Uint16Array(PROBABILITIES).fill(1024);
  const distances = [1, 1, 1, 1];
  const coder = Uint32Array.of(2 ** 32 - 1, 0);
  let read = 0;
  let state = 0;

  const next = () => {
    coder[CODE] = coder[CODE] * 256 + input.charCodeAt(read);
    read += 1;
  };

  const bit = (index) => {
    if (coder[RANGE] < 2 ** 24) {
      coder[RANGE] *= 256;
      next();
    }
    const probability = probabilities[index];
    const bound = index === DIRECT ? coder[RANGE] >>> 1 : (coder[RANGE] >>> 11) * probability;
    if (coder[CODE] < bound) {
      coder[RANGE] = bound;
      probabilities[index] += (2048 - probability) >> 5;
      return 0;
    }
    coder[RANGE] = index === DIRECT ? bound : coder[RANGE] - bound;
    coder[CODE] -= bound;
    probabilities[index] -= probability >> 5;
    return 1;
  };

  /** A number from a tree of probabilities, the highest of its bits first. */
  const tree = (index, bits) => {
    let node = 1;
    for (let i = 0; i < bits; i += 1) node = node * 2 + bit(index + node);
    return node - 2 ** bits;
  };

  /** The same, the lowest bit first. */
  const reverseTree = (index, bits) => {
    let node = 1;
    let value = 0;
    for (let i = 0; i < bits; i += 1) {
      const one = bit(index + node);
      node = node * 2 + one;
      value += one << i;
    }
    return value;
  };

  /** How many bytes a match has beyond 2. */
  const matchLength = (index) => {
    if (!bit(index)) return tree(index + LOW, 3);
    if (!bit(index + 1)) return 8 + tree(index + MIDDLE, 3);
    return 16 + tree(index + HIGH, 8);
  };

  /** A distance, of which 1 is the byte before. */
  const distance = (extra) => {
    const slot = tree(SLOT + 64 * Math.min(extra, 3), 6);
    if (slot < 4) return slot + 1;
    const bits = (slot >> 1) - 1;
    let value = (2 + (slot & 1)) << bits;
    if (slot < 14) return value + reverseTree(SPECIAL + value - slot, bits) + 1;
    for (let i = bits - 1; i > 3; i -= 1) value += bit(DIRECT) << i;
    return value + reverseTree(ALIGN, 4) + 1;
  };

  // The first byte is 0, the next four are the first code.
  while (read < 5) next();
  for (let at = 0; at < length; ) {
    if (!bit(IS_MATCH + state)) {
      // Before the first byte, as if it were 0.
      const index = LITERAL + LITERAL_SIZE * (bytes[at - 1] >> 4);
      // While the bits are those of the byte where the last match would have gone on, they have
      // probabilities of their own. There is no such byte after a literal.
      let expected = bytes[at - distances[0]];
      let offset = state < 7 ? 0 : 256;
      let node = 1;
      while (node < 256) {
        expected *= 2;
        const hint = expected & offset;
        const one = bit(index + offset + hint + node);
        node = node * 2 + one;
        offset = one ? hint : offset - hint;
      }
      bytes[at] = node;
      at += 1;
      state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
      continue;
    }
    let left;
    if (!bit(IS_REP + state)) {
      left = matchLength(LENGTH) + 2;
      distances.unshift(distance(left - 2));
      distances.pop();
      state = state < 7 ? 7 : 10;
    } else {
      const isOlder = bit(IS_REP_0 + state);
      if (isOlder) {
        const which = bit(IS_REP_1 + state) ? 2 + bit(IS_REP_2 + state) : 1;
        distances.unshift(...distances.splice(which, 1));
      }
      if (isOlder || bit(IS_REP_0_LONG + state)) {
        left = matchLength(REP_LENGTH) + 2;
        state = state < 7 ? 8 : 11;
      } else {
        left = 1;
        state = state < 7 ? 9 : 11;
      }
    }
    for (; left > 0; left -= 1) {
      bytes[at] = bytes[at - distances[0]];
      at += 1;
    }
  }
  return bytes;
}
