// The page in Debian's Chromium, for scripts that use it as a person does and print what was seen as JSON; whoever calls
// them compares that with what it ought to be.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

/** The page, empty, in a window of 1280 x 720; `seen.problems` has what goes wrong in it. */
export async function opened(colorScheme = 'dark') {
  const browser = await chromium.launch({
    executablePath: ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path)),
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  const seen = { problems: [] };
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, colorScheme });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on('pageerror', (error) => seen.problems.push(String(error)));
  // There is no catalogue of models in these tests, which the page says.
  const isCatalogue = (message) => message.location().url.includes('/api/models?');
  page.on('console', (message) => message.type() === 'error' && !isCatalogue(message) && seen.problems.push(message.text()));
  const ended = async () => {
    await browser.close();
    console.log(JSON.stringify(seen));
  };
  return { page, seen, ended, text: (selector) => page.locator(selector).innerText() };
}

/** Until the zoom has ended: nothing has moved for some frames. */
export const still = (page) =>
  page.evaluate(async () => {
    const length = () => document.querySelector('.scalebar .line').style.width;
    for (let still = 0, last = ''; still < 10; last = length()) {
      await new Promise(requestAnimationFrame);
      still = length() === last ? still + 1 : 0;
    }
  });

/** A canvas as PNG. */
export const canvas = async (page, selector) =>
  Buffer.from((await page.locator(selector).evaluate((canvas) => canvas.toDataURL())).split(',')[1], 'base64');
