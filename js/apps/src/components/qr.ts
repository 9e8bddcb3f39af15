import { encode } from 'uqr';
import { s } from '../dom.ts';

/** A text as a QR code, dark on light in every colour scheme, as cameras want it. */
export function qrCode(text: string, label: string): SVGSVGElement {
  const { data, size } = encode(text, { ecc: 'L', border: 4 });
  const dark = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])));
  return s(
    'svg',
    { class: 'qr', viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': label, 'shape-rendering': 'crispEdges' },
    s('path', { class: 'qr-ground', d: `M0 0h${size}v${size}H0z` }),
    s('path', { class: 'qr-dark', d: dark.join('') }),
  );
}
