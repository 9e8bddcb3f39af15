import { errorText } from '../format.ts';

/** What went wrong, for visitors. */
export interface Trouble {
  readonly title: string;
  readonly advice: string;
}

/** The code of an error of the library. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

export function isAborted(error: unknown): boolean {
  return codeOf(error) === 'aborted' || (error instanceof DOMException && error.name === 'AbortError');
}

/** Why something can't be looked at. */
export function browsingTrouble(error: unknown): Trouble {
  switch (codeOf(error)) {
    case 'nothing-published':
      return {
        title: 'Nothing published',
        advice: 'This publisher has published nothing, or has been away for more than a day.',
      };
    case 'not-found':
      return {
        title: 'Not found',
        advice: 'The publisher has nothing under this name. It may have been taken out, or the name is misspelt.',
      };
    case 'unavailable':
      return {
        title: 'Nobody who has it can be reached',
        advice: 'It was published, but those who have a copy are away. Try again when they are back.',
      };
    case 'timed-out':
    case 'no-reply':
      return { title: 'No answer in time', advice: 'The network did not answer. Trying again often helps.' };
    case 'malformed':
      return { title: 'Damaged', advice: 'What was published there is not as it should be, and is not shown.' };
    case 'storage':
      return { title: 'No room here', advice: 'This browser can’t keep what would be fetched. Free some space, and try again.' };
    case 'unreachable':
      return { title: 'Not connected', advice: 'There is no way to the peers that know. Is anybody else here?' };
    default:
      return { title: 'This could not be loaded', advice: errorText(error) };
  }
}

/** Why something could not be published. */
export function publishingTrouble(error: unknown): Trouble {
  switch (codeOf(error)) {
    case 'unavailable':
      return {
        title: 'Your list is out of reach',
        advice:
          'You have published before, but nobody who has your list of that can be reached. Try again later, or begin a new list, with nothing else in it.',
      };
    case 'conflict':
      return { title: 'Something came in between', advice: 'You are publishing elsewhere, too. Try again.' };
    case 'storage':
      return {
        title: 'It can’t be read, or not be kept',
        advice: 'A file was moved, changed or deleted, or this browser has no room for it. Choose it again, or something smaller.',
      };
    case 'full':
      return { title: 'No room', advice: errorText(error) };
    case 'too-large':
      return { title: 'Too large', advice: errorText(error) };
    default:
      return { title: 'This could not be published', advice: errorText(error) };
  }
}
