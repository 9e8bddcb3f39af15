/** Whether the module has the store; scripts/build.mjs says so. */
declare const HAS_STORE: boolean;

declare module 'boplish:module' {
  /** The bytes of the WebAssembly module. */
  export function moduleBytes(): Uint8Array<ArrayBuffer>;
}

declare module 'boplish:worker' {
  /** The script of content/worker.ts. */
  export const workerSource: string;
}
