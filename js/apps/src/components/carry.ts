import { h } from '../dom.ts';
import { copyText } from './clipboard.ts';
import { icon } from './icons.ts';
import type { Toasts } from './toast.ts';

/** Puts a link there, for people to carry. */
export function showCarried(place: HTMLElement, link: string, toasts: Toasts): void {
  void carry(link, 'Link', toasts).then((shown) => place.replaceChildren(shown));
}

/** A text for people to carry: as a QR code, to be copied, or by the system's own sharing. */
export async function carry(link: string, what: string, toasts: Toasts): Promise<HTMLElement> {
  // Only who has something to carry loads it; without a server there may be nothing to load.
  const code = await import('./qr.ts').then(
    ({ qrCode }) => qrCode(link, `QR code: ${what}`),
    () => undefined,
  );
  const field = h('input', {
    class: 'field carry-text',
    readonly: true,
    value: link,
    'aria-label': what,
    onfocus: () => field.select(),
  });
  const canShare = typeof navigator.share === 'function';
  return h(
    'div',
    { class: 'carry' },
    code,
    h(
      'div',
      { class: 'carry-row' },
      field,
      h(
        'button',
        { type: 'button', class: 'button', onclick: () => void copyText(link, what, toasts) },
        icon('copy'),
        'Copy',
      ),
      canShare
        ? h(
            'button',
            {
              type: 'button',
              class: 'button',
              // Whoever changes their mind has done nothing wrong.
              onclick: () => void navigator.share({ text: link }).catch(() => undefined),
            },
            'Share',
          )
        : undefined,
    ),
  );
}
