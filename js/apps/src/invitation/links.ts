/** Links that carry an invitation, or an answer to one, behind their `#`. */

export type Carried = 'invitation' | 'answer';

/** What a link, or the part of an address behind its `#`, carries. */
export function carriedBy(link: string, what: Carried): string | undefined {
  const text = new RegExp(`(?:^|#)${what}=([\\w-]+)\\s*$`).exec(link.trim())?.[1];
  return text === '' ? undefined : text;
}

/** A link to a page with an answer. */
export function answerLink(answer: string, page: string): string {
  return `${page.split('#')[0] ?? ''}#answer=${answer}`;
}
