import { h } from '../dom.ts';

/** The design tokens that a canvas is painted with. */
const tokens = {
  ground: '--surface',
  text: '--text',
  muted: '--muted',
  line: '--line-strong',
  circle: '--line',
  own: '--topo-own',
  ownEdge: '--topo-own-edge',
  peer: '--topo-peer',
  next: '--topo-next',
  near: '--topo-near',
  long: '--topo-long',
  select: '--topo-select',
  incoming: '--in',
  outgoing: '--out',
  forwarded: '--fwd',
} as const;

export type Colours = Readonly<Record<keyof typeof tokens, string>> & { readonly mono: string };

/** Reads the tokens as a canvas takes them: what light-dark() means, only an element can tell. */
export class ColourReader {
  readonly element = h('span', { hidden: true });
  #colours: Colours | undefined;

  constructor(onChange: () => void, signal: AbortSignal) {
    const change = (): void => {
      this.#colours = undefined;
      onChange();
    };
    const chosen = new MutationObserver(change);
    chosen.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    signal.addEventListener('abort', () => chosen.disconnect(), { once: true });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', change, { signal });
  }

  get colours(): Colours {
    this.#colours ??= this.#read();
    return this.#colours;
  }

  #read(): Colours {
    const { style } = this.element;
    const computed = getComputedStyle(this.element);
    style.fontFamily = 'var(--mono)';
    const read = (token: string): string => {
      style.color = `var(${token})`;
      return computed.color;
    };
    const entries = Object.entries(tokens).map(([name, token]) => [name, read(token)]);
    return { ...(Object.fromEntries(entries) as Omit<Colours, 'mono'>), mono: computed.fontFamily };
  }
}
