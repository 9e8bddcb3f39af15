/** What holds for every page: it fits, it can be used without a mouse, and it says who one is. */

/**
 * What is wider than its place, in words: the document, whatever scrolls sideways in it, and what is
 * to be pressed but cut off at the side.
 */
export function tooWide(tab) {
  return tab.run(() => {
    const found = [];
    const isShown = (element) => element.checkVisibility() && element.getClientRects().length > 0;
    for (const element of document.querySelectorAll('*')) {
      const excess = element.scrollWidth - element.clientWidth;
      const isRoot = element === document.documentElement;
      if (excess <= 1 || !isShown(element)) continue;
      const scrolls = isRoot || ['auto', 'scroll'].includes(getComputedStyle(element).overflowX);
      // Code has lines of its own, and the navigation is made to be pushed; both scroll in themselves.
      if (scrolls && !element.matches('pre, .nav')) {
        found.push(`${element.tagName}.${element.className} by ${excess} px at ${innerWidth} px`);
      }
    }
    for (const element of document.querySelectorAll('button, a[href], input, select, textarea')) {
      if (!isShown(element) || element.closest('.nav, .visually-hidden, pre')) continue;
      const { left, right, width } = element.getBoundingClientRect();
      // What is only there for screen readers is a dot.
      if (width <= 1) continue;
      for (let around = element.parentElement; around !== null; around = around.parentElement) {
        if (getComputedStyle(around).overflowX === 'visible' && around !== document.body) continue;
        const place = around.getBoundingClientRect();
        if (left < place.left - 1 || right > place.right + 1) {
          found.push(`cut off at ${innerWidth} px: ${element.outerHTML.slice(0, 140)}`);
          break;
        }
      }
    }
    return found;
  });
}

/** Whether an element is seen: there, of some size, and within the width of the window. */
export function isInView(tab, selector) {
  return tab.run((wanted) => {
    const element = document.querySelector(wanted);
    if (!element?.checkVisibility({ visibilityProperty: true, opacityProperty: true })) return false;
    const { left, right, top, bottom, width, height } = element.getBoundingClientRect();
    return width > 0 && height > 0 && left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight;
  }, selector);
}

/**
 * Goes through the page with Tab alone. Gives, in words, what can't be reached, and what does not
 * show that it has the focus.
 */
export async function unreachable(tab) {
  const count = await tab.run(() => {
    // Where Tab begins, whatever was focused before.
    const start = document.createElement('span');
    start.tabIndex = -1;
    document.body.prepend(start);
    start.focus();
    start.remove();
    const interactive = 'a[href], button, input, select, textarea, summary, audio[controls], video[controls], [tabindex]';
    // Members of a list box or of tabs are reached with the arrows; one of them has the tab stop.
    const isCandidate = (element) =>
      element.tabIndex >= 0 && !element.disabled && !element.matches('[role="option"]') && element.checkVisibility();
    const groups = new Set();
    const elements = [...document.querySelectorAll(interactive)].filter(isCandidate).filter((element) => {
      if (element.type !== 'radio') return true;
      const isNew = !groups.has(element.name);
      groups.add(element.name);
      return isNew;
    });
    const around = (element) =>
      [element, element.parentElement, element.nextElementSibling, ...(element.labels ?? [])].filter(Boolean);
    const look = (element) =>
      around(element)
        .map((each) => {
          const { outline, boxShadow, borderColor, backgroundColor } = getComputedStyle(each);
          return [outline, boxShadow, borderColor, backgroundColor].join();
        })
        .join('; ');
    window.tabbing = { look, elements: new Map(elements.map((element) => [element, look(element)])), unseen: [] };
    return elements.length;
  });
  // Some places are new by then. Behind the last one, the browser's own begin.
  for (let press = 0; press < 2 * count + 20; press += 1) {
    await tab.press('Tab');
    const left = await tab.run(() => {
      const { look, elements, unseen } = window.tabbing;
      const element = document.activeElement;
      const before = elements.get(element);
      const name = (each) => each.outerHTML.slice(0, 140);
      if (before !== undefined) {
        elements.delete(element);
        const { width, height, right, left: start, bottom, top } = element.getBoundingClientRect();
        const isThere = right > 0 && start < innerWidth && bottom > 0 && top < innerHeight;
        if (look(element) === before) unseen.push(`no visible focus: ${name(element)}`);
        else if (width + height > 0 && !isThere) unseen.push(`focused out of view: ${name(element)}`);
      }
      // What has gone meanwhile need not be reached.
      for (const each of elements.keys()) if (!each.isConnected || !each.checkVisibility()) elements.delete(each);
      return document.hasFocus() ? elements.size : 0;
    });
    if (left === 0) break;
  }
  return tab.run(() => {
    const { elements, unseen } = window.tabbing;
    return [...[...elements.keys()].map((each) => `not reached: ${each.outerHTML.slice(0, 140)}`), ...unseen];
  });
}
