import { s } from '../dom.ts';

/** Line icons on a 16-unit grid; decoration only, the words stand beside them or in a label. */
const paths = {
  copy: 'M6 5.5h6.5v8H6zM9.5 5.5v-3H3v8h3',
  check: 'M3 8.5l3.5 3.5L13 4.5',
  sun: 'M8 5a3 3 0 100 6 3 3 0 000-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1.1 1.1M11.9 11.9L13 13M3 13l1.1-1.1M11.9 4.1L13 3',
  moon: 'M13.5 9.8A6 6 0 016.2 2.5a6 6 0 107.3 7.3z',
  incoming: 'M12.5 3.5l-8 8M4.5 5.5v6h6',
  outgoing: 'M3.5 12.5l8-8M5.5 4.5h6v6',
  forwarded: 'M2 10.5c2.5-5 6-6 11-4.5M10 3l3.3 3-2.8 3.4',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3.2v9.6L12.8 8z',
  clear: 'M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9',
  up: 'M8 13V3.5M4 7l4-4 4 4',
  down: 'M8 3v9.5M4 9l4 4 4-4',
  close: 'M4 4l8 8M12 4l-8 8',
  add: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  fit: 'M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10',
  send: 'M2.5 8h10M8.5 4l4 4-4 4',
  external: 'M6.5 3.5h-3v9h9v-3M9 2.5h4.5V7M13.5 2.5L7.5 8.5',
  warning: 'M8 2.2L14.5 13.5h-13zM8 6.5v3.2M8 11.6v.1',
  folder: 'M2 13V3.5h4.3L8 5.2h6V13z',
  file: 'M4 1.8h5.2L12.5 5v9.2H4zM9 2v3.2h3.3',
  picture: 'M2 3h12v10H2zM2 11l3.2-3.4 2.6 2.6 2-1.9L14 12M10.8 5.9v.1',
  audio: 'M6 12V3.6l7-1.4v8.3M6 12a1.9 1.9 0 11-3.8 0A1.9 1.9 0 016 12zM13 10.5a1.9 1.9 0 11-3.8 0 1.9 1.9 0 013.8 0z',
  video: 'M1.8 4h8.4v8H1.8zM10.2 7.2l4-2.2v6l-4-2.2',
  text: 'M4 1.8h5.2L12.5 5v9.2H4zM9 2v3.2h3.3M6.3 8.2h4M6.3 10.8h4',
  download: 'M8 2.5v8M4.6 7.2L8 10.6l3.4-3.4M3 13.5h10',
  upload: 'M8 11V2.8M4.6 6L8 2.6 11.4 6M3 13.5h10',
  refresh: 'M13 8a5 5 0 11-1.4-3.5M13 2.2v3h-3',
  link: 'M6.6 9.4a2.6 2.6 0 003.7 0l2.5-2.5a2.6 2.6 0 00-3.7-3.7l-1 1M9.4 6.6a2.6 2.6 0 00-3.7 0L3.2 9.1a2.6 2.6 0 003.7 3.7l1-1',
  left: 'M13 8H3.5M7 4L3 8l4 4',
  filter: 'M2.2 3.2h11.6L9.4 8.4v4.8l-2.8-1.6V8.4z',
  right: 'M3 8h9.5M9 4l4 4-4 4',
  attach: 'M13.2 7.4l-5.5 5.5a3.2 3.2 0 01-4.5-4.5l5.7-5.7a2.1 2.1 0 013 3L6.4 11.2a1 1 0 01-1.5-1.5l5-5',
  lock: 'M3.5 7.2h9v6.3h-9zM5.2 7.2V5.3a2.8 2.8 0 015.6 0v1.9M8 9.8v1.4',
  room: 'M6.4 2.5L5 13.5M11 2.5L9.6 13.5M3 6h10.5M2.5 10H13',
  leave: 'M9.5 2.5h-6v11h6M6.8 8h6.7M11 5.3L13.7 8 11 10.7',
  chat: 'M2 3h12v8H8l-3.5 2.8V11H2z',
} as const;

export type IconName = keyof typeof paths;

/** The icon as an SVG element that screen readers skip. */
export function icon(name: IconName): SVGSVGElement {
  return s(
    'svg',
    { class: 'icon', viewBox: '0 0 16 16', 'aria-hidden': 'true' },
    s('path', { d: paths[name] }),
  );
}
