// A page's node of the package's modules, and what tests ask of it.
// The drop-in script neither stores nor publishes.
import { connect } from './boplish/index.js';
Object.assign(window, {
  async start(options) {
    window.node = await connect(options);
    return node.id;
  },
  /** Joins by an invitation: its answer, and then `joined`. */
  accept(invitation) {
    return new Promise((onAnswer, reject) => {
      window.joined = start({ bootstrap: null, invitation, onAnswer });
      joined.catch(reject);
    });
  },
  /** As many random bytes. */
  random(length) {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
    return bytes;
  },
  async sha256(bytes) {
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
  },
  /** Reads a response without keeping it; resolves to its bytes. */
  async drain(response) {
    let bytes = 0;
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return bytes;
      bytes += value.length;
    }
  },
  /** What a name leads to, or the code of why it leads nowhere. */
  async textOf(uri, options) {
    try {
      return await (await node.fetch(uri, options)).text();
    } catch (error) {
      return { code: error.code, message: error.message };
    }
  },
});
