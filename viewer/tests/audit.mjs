// What everybody must be able to read and reach: contrast as WCAG 2.2 AA counts it, names of controls as the browser
// tells them to assistive programs, the order of Tab, and what sticks out of the window.

/** What is wrong with the page as it stands, as sentences; and how much was looked at. */
export async function audit(page) {
  const found = await page.evaluate(() => {
    const problems = [];
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const rgba = (colour) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = (colour) => {
      const [r, g, b] = colour.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (a, b) => {
      const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
      return (high + 0.05) / (low + 0.05);
    };
    // The first ground behind an element that nothing shows through.
    const ground = (element) => {
      for (let at = element; at; at = at.parentElement) {
        const colour = rgba(getComputedStyle(at).backgroundColor);
        if (colour[3] > 200) return colour;
      }
      return [255, 255, 255, 255];
    };
    const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;
    const name = (element) => element.getAttribute('aria-label') || element.textContent.trim().slice(0, 40) || element.className;
    let texts = 0;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const element = walker.currentNode.parentElement;
      if (!walker.currentNode.textContent.trim() || !shown(element) || element.closest(':disabled, option, [aria-hidden=true]')) continue;
      ++texts;
      const ratio = contrast(rgba(getComputedStyle(element).color), ground(element));
      if (ratio < 4.5) problems.push(`text "${name(element)}" has a contrast of ${ratio.toFixed(2)}`);
    }
    const kControls = 'button, input, select, textarea, a[href], summary, [tabindex="0"]';
    const controls = [...document.querySelectorAll(kControls)].filter((each) => shown(each) && !each.disabled);
    for (const control of controls) {
      if (control.matches('input[type=search], input[type=text], input[type=number], select')) {
        const ratio = contrast(rgba(getComputedStyle(control).borderTopColor), ground(control.parentElement));
        if (ratio < 3) problems.push(`the edge of "${name(control)}" has a contrast of ${ratio.toFixed(2)}`);
      }
      control.dataset.audited = '';
    }
    const accent = rgba(getComputedStyle(document.documentElement).getPropertyValue('--accent').trim());
    for (const part of ['header', 'aside.left', 'aside.right']) {
      const ratio = contrast(accent, ground(document.querySelector(part)));
      if (ratio < 3) problems.push(`what has the focus in ${part} has a contrast of ${ratio.toFixed(2)}`);
    }
    if (document.documentElement.scrollWidth > innerWidth) problems.push('the page is wider than the window');
    for (const aside of document.querySelectorAll('aside'))
      if (aside.scrollWidth > aside.clientWidth) problems.push(`${aside.className} scrolls sideways`);
    const slide = document.querySelector('.slide').getBoundingClientRect();
    if (slide.width < innerWidth * 0.4) problems.push(`the image has ${slide.width} pixels of ${innerWidth}`);
    return { problems, texts, controls: controls.length };
  });

  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send('Accessibility.getFullAXTree');
  const roles = /^(button|textbox|searchbox|checkbox|slider|combobox|link|spinbutton|ColorWell|DisclosureTriangle)$/;
  for (const node of nodes)
    if (!node.ignored && roles.test(node.role?.value) && !node.name?.value) found.problems.push(`a ${node.role.value} has no name`);
  await session.detach();

  // Tab comes to every control, and shows where it is.
  await page.evaluate(() => document.activeElement?.blur());
  const reached = [];
  for (let i = 0; i < found.controls + 5; ++i) {
    await page.keyboard.press('Tab');
    reached.push(
      await page.evaluate(() => {
        const element = document.activeElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        const seen = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
        delete element.dataset.audited;
        return element === document.body || seen ? '' : `what has the focus is not seen: ${element.outerHTML.slice(0, 90)}`;
      }),
    );
  }
  found.problems.push(...new Set(reached.filter(Boolean)));
  found.problems.push(
    ...(await page.evaluate(() =>
      [...document.querySelectorAll('[data-audited]')].map((element) => {
        delete element.dataset.audited;
        return `Tab does not come to ${element.outerHTML.slice(0, 90)}`;
      }),
    )),
  );
  return found;
}
