/** Things to look at, made in code: an album with pictures, texts, a melody and a nested folder. */

export interface FakeFile {
  readonly type: string;
  readonly blob: Blob;
  /** Nobody has it any more. */
  readonly isLost?: boolean;
}

export type FakeFolder = Map<string, FakeFile | FakeFolder>;

const pictureNames = ['Harbour', 'Morning', 'Valley', 'Coast', 'Desert', 'Winter', 'Lake', 'Evening', 'Hills', 'Storm'];

/** What the fake publisher has. */
export async function fakePublications(): Promise<FakeFolder> {
  const album: FakeFolder = new Map();
  for (const [index, name] of pictureNames.entries()) album.set(`${index + 1} ${name}.jpg`, await picture(index));
  album.set('drawing.svg', file('image/svg+xml', drawing()));
  album.set('lost.jpg', { ...(await picture(3)), isLost: true });
  album.set('about this album.txt', file('text/plain', about()));
  album.set('melody.wav', { type: 'audio/wav', blob: melody() });
  album.set('page.html', file('text/html', '<!doctype html>\n<script>document.title = "run"</script>\n<h1>Only a text here</h1>\n'));
  album.set('numbers.json', file('application/json', JSON.stringify({ primes: [2, 3, 5, 7], pi: Math.PI }, null, 2)));
  album.set('long.log', file('text/plain', log()));
  album.set('backup.tar.gz', { type: 'application/gzip', blob: new Blob([new Uint8Array(4_300_000)]) });
  const nested: FakeFolder = new Map();
  nested.set('Empty', new Map());
  for (const index of [10, 11, 12]) nested.set(`Sketch ${index - 9}.png`, await picture(index, 'image/png'));
  nested.set('a rather long name of a file that does not fit into one line of a narrow screen.md', file('text/markdown', '# Notes\n\nNothing yet.\n'));
  album.set('Sketches', nested);
  return new Map<string, FakeFile | FakeFolder>([
    ['album', album],
    ['hello.txt', file('text/plain', 'Hello from a peer.\n')],
  ]);
}

function file(type: string, text: string): FakeFile {
  return { type, blob: new Blob([text], { type }) };
}

/** A landscape. */
async function picture(seed: number, type = 'image/jpeg'): Promise<FakeFile> {
  const canvas = document.createElement('canvas');
  canvas.width = seed % 4 === 3 ? 720 : 1200;
  canvas.height = 800;
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('This browser draws nothing.');
  const { width, height } = canvas;
  const hue = (seed * 67 + 190) % 360;
  const sky = context.createLinearGradient(0, 0, 0, height);
  sky.addColorStop(0, `hsl(${hue} 60% 42%)`);
  sky.addColorStop(0.7, `hsl(${(hue + 40) % 360} 75% 78%)`);
  context.fillStyle = sky;
  context.fillRect(0, 0, width, height);
  context.fillStyle = `hsl(${(hue + 60) % 360} 90% 90%)`;
  context.beginPath();
  context.arc(width * (0.2 + ((seed * 0.17) % 0.6)), height * 0.38, 60, 0, 2 * Math.PI);
  context.fill();
  for (let layer = 0; layer < 4; layer += 1) {
    context.fillStyle = `hsl(${(hue + 200 - layer * 8) % 360} 35% ${46 - layer * 10}%)`;
    context.beginPath();
    context.moveTo(0, height);
    for (let x = 0; x <= width; x += 10) {
      const wave = Math.sin(x / (150 - layer * 22) + seed * 1.7 + layer * 2) + 0.4 * Math.sin(x / 41 + seed + layer);
      context.lineTo(x, height * (0.52 + layer * 0.12) + wave * (46 - layer * 7));
    }
    context.lineTo(width, height);
    context.fill();
  }
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, type, 0.85));
  return { type, blob: blob ?? new Blob() };
}

/** With a script, which must not run. */
function drawing(): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 240" width="320" height="240">
  <script>top.document.title = "run"</script>
  <circle cx="160" cy="120" r="90" fill="none" stroke="#96266f" stroke-width="6"/>
  <path d="M96 56Q160 120 250 130M96 56Q130 120 110 196" fill="none" stroke="#5f9cf8" stroke-width="5"/>
  <circle cx="96" cy="56" r="18" fill="#96266f"/><circle cx="250" cy="130" r="12" fill="#1f9254"/>
  <circle cx="110" cy="196" r="12" fill="#d6a106"/>
</svg>
`;
}

function about(): string {
  return `About this album

The pictures were drawn by a program, the melody was computed, and nobody was harmed.

    bop:<peer id>:content/album

<b>This is not bold</b>, as a text is shown as it is.
`;
}

function log(): string {
  const lines: string[] = [];
  for (let line = 1; line <= 9000; line += 1) lines.push(`${String(line).padStart(5, '0')}  nothing to report, all is well`);
  return lines.join('\n');
}

/** Some notes, as 16-bit samples. */
function melody(): Blob {
  const rate = 22_050;
  const notes = [523, 659, 784, 1047, 784, 880, 784, 659, 587, 523];
  const length = Math.round(rate * 0.28);
  const samples = new Int16Array(notes.length * length);
  notes.forEach((frequency, index) => {
    for (let at = 0; at < length; at += 1) {
      const fade = Math.exp((-4 * at) / length) * Math.min(1, at / 200);
      samples[index * length + at] = Math.sin((2 * Math.PI * frequency * at) / rate) * fade * 12_000;
    }
  });
  const header = new DataView(new ArrayBuffer(44));
  const text = (at: number, letters: string): void =>
    [...letters].forEach((letter, index) => header.setUint8(at + index, letter.charCodeAt(0)));
  text(0, 'RIFF');
  header.setUint32(4, 36 + samples.byteLength, true);
  text(8, 'WAVEfmt ');
  header.setUint32(16, 16, true);
  header.setUint16(20, 1, true);
  header.setUint16(22, 1, true);
  header.setUint32(24, rate, true);
  header.setUint32(28, rate * 2, true);
  header.setUint16(32, 2, true);
  header.setUint16(34, 16, true);
  text(36, 'data');
  header.setUint32(40, samples.byteLength, true);
  return new Blob([header.buffer, samples], { type: 'audio/wav' });
}
