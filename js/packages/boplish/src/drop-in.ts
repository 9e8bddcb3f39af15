/** `boplish.min.js` and `boplish.full.min.js`: both APIs as globals, for pages without a bundler. */
import { BOPlishClient } from './compat.js';
import { connect } from './connect.js';
import { BoplishError } from './error.js';

Object.assign(globalThis, { BOPlishClient, boplish: { connect, BOPlishClient, BoplishError } });
