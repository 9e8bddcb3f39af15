// How the module gets into the script: compressed by LZMA, which makes 4 % less of it than brotli,
// and as base64, so that the script works whatever charset it is served or embedded with. Base64
// costs nothing: what LZMA gives looks random, and brotli stores 64 equally likely characters in 6
// bits each.
//
// Measured on a module of 331,679 bytes, of which brotli 11 makes 113,232: LZMA 109,062, and 20
// more as base64 after brotli. Hexadecimal weighs the same, but takes half as much memory again.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { decode } from './decode.mjs';

/** The text of which decode.mjs makes the bytes, given how many they are. */
export function embed(bytes) {
  // xtask has the encoder. Where it runs this script, Cargo says which Cargo it was.
  const compressed = execFileSync(process.env.CARGO ?? 'cargo', ['xtask', 'lzma'], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    input: bytes,
    maxBuffer: Infinity,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const text = compressed.toString('base64');
  if (!Buffer.from(decode(text, bytes.length)).equals(bytes)) {
    throw new Error('the decoder in decode.mjs does not give back what was compressed');
  }
  return text;
}
