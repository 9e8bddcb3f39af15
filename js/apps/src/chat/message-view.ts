import { h } from '../dom.ts';
import { clockTime, shortId } from '../format.ts';
import { linkTo, parseName } from '../publish/name.ts';
import { face, hueOf } from '../rooms/face.ts';
import type { AttachmentView } from './attachment.ts';
import { linkParts } from './links.ts';
import type { Message } from './transcript.ts';

/** A text that is longer than this is shown in part, in characters and in lines. */
const LONG = 1200;
const MANY_LINES = 18;

/** One message; the first of several in a row has its writer's name, face and the time. */
export function messageView(message: Message, isFirst: boolean, attachments: AttachmentView): HTMLElement {
  const { from, at, content, isOwn } = message;
  const name = message.name ?? shortId(from);
  const time = clockTime(new Date(at)).slice(0, 5);
  const element = h(
    'div',
    { class: `talk${isOwn ? ' talk-own' : ''}${isFirst ? ' talk-first' : ''}`, 'data-from': from, 'data-id': message.id },
    isFirst && !isOwn ? face(from, name) : undefined,
    isFirst
      ? h(
          'div',
          { class: 'talk-head' },
          isOwn ? h('span', { class: 'talk-name' }, 'You') : h('span', { class: 'talk-name', dir: 'auto' }, name),
          // A name is anybody's; the id is not.
          isOwn || name === shortId(from) ? undefined : h('code', { class: 'talk-id', title: from }, shortId(from)),
          h('time', { class: 'talk-time', datetime: new Date(at).toISOString() }, time),
        )
      : undefined,
    'text' in content
      ? textView(content.text, time)
      : h('div', { class: 'talk-body talk-file', title: time }, attachments.make(content.file)),
  );
  element.style.setProperty('--hue', String(hueOf(from)));
  return element;
}

function textView(text: string, time: string): HTMLElement {
  const body = h('div', { class: 'talk-body', dir: 'auto', title: time }, ...withLinks(text));
  const isLong = text.length > LONG || text.split('\n', MANY_LINES + 1).length > MANY_LINES;
  if (!isLong) return body;
  body.classList.add('is-cut');
  const more = h(
    'button',
    {
      type: 'button',
      class: 'button button-small talk-more',
      'aria-expanded': 'false',
      onclick: () => {
        const isCut = body.classList.toggle('is-cut');
        more.setAttribute('aria-expanded', String(!isCut));
        more.textContent = isCut ? 'Show all of it' : 'Show less';
      },
    },
    'Show all of it',
  );
  return h('div', { class: 'talk-long' }, body, more);
}

function withLinks(text: string): (Node | string)[] {
  return linkParts(text).map((part) => {
    switch (part.kind) {
      case 'text':
        return part.text;
      case 'web':
        return h('a', { href: part.address, target: '_blank', rel: 'noopener noreferrer nofollow', dir: 'ltr' }, part.text);
      case 'bop': {
        const name = parseName(part.name);
        if (name === undefined) return part.text;
        return h('a', { href: browseAddress(linkTo(name, '')), 'data-page': true, dir: 'ltr' }, part.text);
      }
    }
  });
}

/** The page that browses, within this document: `hash` says what. */
export function browseAddress(hash: string): string {
  return `./publish.html${import.meta.env.DEV ? location.search : ''}${hash}`;
}

/** A day, between the messages. */
export function dayLine(at: number): HTMLElement {
  return h('p', { class: 'log-day' }, h('span', {}, dayWords(at, Date.now())));
}

/** Where what was not read begins. */
export function newLine(): HTMLElement {
  return h('p', { class: 'log-new' }, h('span', {}, 'New'));
}

function dayWords(at: number, now: number): string {
  const day = new Date(at);
  const today = new Date(now);
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  if (day.toDateString() === today.toDateString()) return 'Today';
  if (day.toDateString() === yesterday.toDateString()) return 'Yesterday';
  const year = day.getFullYear() === today.getFullYear() ? {} : { year: 'numeric' as const };
  return day.toLocaleDateString('en', { weekday: 'long', day: 'numeric', month: 'long', ...year });
}
