/** Files in the origin's private file system. */
import { type Handle, type Kind, KINDS, NEW, type Place } from './files.js';

/** How long to wait for the page's predecessor to let go of a file, in ms. */
const RELEASE_WAIT = 3_000;
const RELEASE_LOOK = 50;

/** A folder of the origin's private file system; in workers. */
export async function privateFolder(name: string): Promise<Place> {
  const root = await navigator.storage.getDirectory();
  const all = await root.getDirectoryHandle('boplish', { create: true });
  const folder = await all.getDirectoryHandle(name, { create: true });
  const kinds = new Map<Kind, FileSystemDirectoryHandle>();
  for (const kind of KINDS) kinds.set(kind, await folder.getDirectoryHandle(kind, { create: true }));
  const of = (kind: Kind) => kinds.get(kind)!;
  // Fail now, where workers have no such handles.
  const probe = await of('own').getFileHandle(`${NEW}0`, { create: true });
  (await access(probe)).close();
  return {
    open: async (kind, file) => access(await of(kind).getFileHandle(file, { create: true })),
    async move(from, file, to, newName) {
      const handle = (await of(from).getFileHandle(file)) as FileSystemFileHandle & {
        move(to: FileSystemDirectoryHandle, name: string): Promise<void>;
      };
      await handle.move(of(to), newName);
    },
    remove: (kind, file) => of(kind).removeEntry(file),
    async list(kind) {
      const files = [];
      for await (const handle of of(kind).values()) {
        if (handle.kind !== 'file') continue;
        const { size, lastModified } = await (handle as FileSystemFileHandle).getFile();
        files.push({ name: handle.name, size, written: lastModified });
      }
      return files;
    },
  };
}

/** Opens a file. The page that was here before a reload may still have it for a moment. */
async function access(file: FileSystemFileHandle): Promise<Handle> {
  for (let waited = 0; ; waited += RELEASE_LOOK) {
    try {
      return await file.createSyncAccessHandle();
    } catch (error) {
      const isTaken = error instanceof DOMException && error.name === 'NoModificationAllowedError';
      if (!isTaken || waited >= RELEASE_WAIT) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, RELEASE_LOOK));
  }
}
