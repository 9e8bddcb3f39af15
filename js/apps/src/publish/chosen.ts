import { counted } from '../format.ts';
import type { Source } from '../network.ts';
import { sanitisePath } from './path.ts';

/** What a visitor has chosen to publish, from a drop or a dialog. */
export interface Chosen {
  /** The name that it gets if nobody wants another one. */
  readonly name: string;
  /** What it is, in words. */
  readonly label: string;
  readonly isFolder: boolean;
  /** What is published one after the other, each at its place below the chosen path. */
  readonly parts: readonly Part[];
  /** Counts the files; nothing if there are too many to look at them all. */
  measure(): Promise<Amount | undefined>;
}

export interface Part {
  /** Empty for the path itself. */
  readonly below: string;
  readonly source: Source;
}

export interface Amount {
  readonly files: number;
  readonly bytes: number;
}

/** Several loose files need a folder. */
const LOOSE_NAME = 'files';
/** Files that are looked at to say how much it is. */
const MOST_MEASURED = 2000;

/** Files of a dialog: one, several, or, where they have relative paths, a folder. */
export function chosenFiles(files: readonly File[]): Chosen | undefined {
  const [first] = files;
  if (first === undefined) return undefined;
  const folder = first.webkitRelativePath.split('/')[0] ?? '';
  if (folder !== '') return folderOf(folder, [{ below: '', source: files }], files, []);
  if (files.length > 1) return loose(files, []);
  return {
    name: sanitisePath(first.name) || 'file',
    label: first.name,
    isFolder: false,
    parts: [{ below: '', source: first }],
    measure: async () => amountOf(files),
  };
}

/** What was dropped; to be called while the drop is handled, as it is gone afterwards. */
export function chosenByDrop(transfer: DataTransfer): Chosen | undefined {
  const files: File[] = [];
  const folders: FileSystemDirectoryEntry[] = [];
  for (const item of transfer.items) {
    if (item.kind !== 'file') continue;
    const entry = item.webkitGetAsEntry();
    if (entry !== null && isFolder(entry)) {
      folders.push(entry);
      continue;
    }
    const file = item.getAsFile();
    if (file !== null) files.push(file);
  }
  const [folder] = folders;
  if (folder === undefined) return chosenFiles(files);
  if (folders.length > 1 || files.length > 0) return loose(files, folders);
  return folderOf(folder.name, [{ below: '', source: folder }], [], folders);
}

/** Loose files, and folders beside them, in a folder of their own. */
function loose(files: readonly File[], folders: readonly FileSystemDirectoryEntry[]): Chosen {
  const parts: Part[] = files.length === 0 ? [] : [{ below: '', source: files }];
  for (const folder of folders) parts.push({ below: sanitisePath(folder.name) || 'folder', source: folder });
  const [first] = [...folders, ...files];
  const others = folders.length + files.length - 1;
  return { ...folderOf(LOOSE_NAME, parts, files, folders), label: `${first?.name ?? ''} and ${counted(others, 'other')}` };
}

function folderOf(
  name: string,
  parts: readonly Part[],
  files: readonly File[],
  folders: readonly FileSystemDirectoryEntry[],
): Chosen {
  return {
    name: sanitisePath(name) || 'folder',
    label: name,
    isFolder: true,
    parts,
    measure: async () => {
      const all = [...files];
      for (const folder of folders) await collect(folder, all);
      return all.length > MOST_MEASURED ? undefined : amountOf(all);
    },
  };
}

function amountOf(files: readonly File[]): Amount {
  return { files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) };
}

async function collect(folder: FileSystemDirectoryEntry, into: File[]): Promise<void> {
  const reader = folder.createReader();
  while (into.length <= MOST_MEASURED) {
    // A reader gives a hundred at a time, and none when there are no more.
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return;
    for (const entry of entries) {
      if (isFolder(entry)) await collect(entry, into);
      else if (isFile(entry)) into.push(await new Promise<File>((resolve, reject) => entry.file(resolve, reject)));
    }
  }
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}
