import { icon } from '../components/icons.ts';
import { h, setText } from '../dom.ts';
import { errorText } from '../format.ts';
import type { Session } from '../session.ts';

/** The banner for a network that could not be joined, with the way to try again. */
export function failureBanner(session: Session, joinByInvitation: () => void): HTMLElement {
  const reason = h('p', { class: 'banner-reason' });
  const retry = h(
    'button',
    { type: 'button', class: 'button', onclick: () => void session.join() },
    'Try again',
  );
  const byInvitation = h(
    'button',
    { type: 'button', class: 'button', onclick: joinByInvitation },
    'Invite, or be invited',
  );
  const content = h(
    'div',
    { class: 'banner' },
    icon('warning'),
    h(
      'div',
      { class: 'banner-text' },
      h('p', { class: 'banner-title' }, 'The network could not be joined'),
      reason,
    ),
    retry,
    byInvitation,
  );
  // The region stays in the document: only what enters an existing one is announced.
  const region = h('div', { class: 'banner-region', role: 'alert' });
  session.on('change', () => {
    if (session.state !== 'failed') {
      region.replaceChildren();
      return;
    }
    setText(reason, errorText(session.failure));
    if (content.parentElement !== region) region.append(content);
  });
  addEventListener('online', () => {
    if (session.state === 'failed') void session.join();
  });
  return region;
}
