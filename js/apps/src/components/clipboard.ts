import type { Toasts } from './toast.ts';

/** Copies the text and says so. `what` names it for the visitor: "Id 3f2a91bc". */
export async function copyText(text: string, what: string, toasts: Toasts): Promise<void> {
  try {
    await write(text);
    toasts.show(`${what} copied`);
  } catch {
    toasts.show(`${what} could not be copied: the browser does not allow it here`, 'warning');
  }
}

async function write(text: string): Promise<void> {
  // On plain http beyond localhost there is no navigator.clipboard, whatever its type says.
  const clipboard: Clipboard | undefined = navigator.clipboard;
  if (clipboard !== undefined) {
    try {
      await clipboard.writeText(text);
      return;
    } catch {
      // Permission may be withheld where the older way still works.
    }
  }
  const focused = document.activeElement;
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'visually-hidden';
  document.body.append(field);
  field.select();
  const copied = document.execCommand('copy');
  field.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  if (!copied) throw new Error('copy was refused');
}
