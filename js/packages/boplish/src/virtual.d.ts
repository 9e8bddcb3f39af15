declare module 'boplish:module' {
  /** The bytes of the WebAssembly module. */
  export function moduleBytes(): Uint8Array<ArrayBuffer>;
}
