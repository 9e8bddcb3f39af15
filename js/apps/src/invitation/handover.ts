/** An answer that was opened as a link goes to the tab of this browser that waits for it. */

const CHANNEL = 'boplish-answers';
const PATIENCE_MS = 1500;

interface Note {
  readonly answer: string;
  readonly taken?: boolean;
}

/** Gives the answer to whichever tab waits for one; false if none does. */
export function handOver(answer: string): Promise<boolean> {
  return new Promise((resolve) => {
    const channel = new BroadcastChannel(CHANNEL);
    const end = (taken: boolean): void => {
      clearTimeout(timer);
      channel.close();
      resolve(taken);
    };
    const timer = setTimeout(() => end(false), PATIENCE_MS);
    channel.onmessage = ({ data }: MessageEvent<Note>) => {
      if (data.answer === answer && data.taken === true) end(true);
    };
    const note: Note = { answer };
    channel.postMessage(note);
  });
}

/** Takes answers while `isWaiting`. */
export function takeOver(isWaiting: () => boolean, take: (answer: string) => void): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }: MessageEvent<Note>) => {
    if (data.taken === true || !isWaiting()) return;
    const note: Note = { answer: data.answer, taken: true };
    channel.postMessage(note);
    take(data.answer);
  };
}
