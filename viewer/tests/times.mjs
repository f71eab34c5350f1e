// How long a person waits, in Debian's Chromium: `node times.mjs ADDRESS`. The program was started with an image and
// a model. Prints seconds as JSON: from the page's first request to the first tile of the image, and from the press of
// the button to the first tile of the prediction, with what the program said on the way.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [address] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path)),
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
});
// Chromium itself has been used before, as a person's has.
const warm = await browser.newPage();
await warm.goto('about:blank');
const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
page.setDefaultTimeout(6_000);
const all = [];
let first = 0;
page.on('request', (request) => {
  first ||= performance.now();
  request.begun = performance.now();
});
const seen = (kind) => (response) => {
  const url = new URL(response.url());
  all.push({ path: url.pathname, status: response.status(), kind, at: (performance.now() - first) / 1000 });
};
page.on('requestfinished', async (request) => seen('finished')(await request.response()));
const until = (pattern) =>
  page.waitForEvent('requestfinished', { predicate: (request) => pattern.test(new URL(request.url()).pathname) });
const image = until(/images\/tiles/);
await page.goto(address, { waitUntil: 'commit' });
await image;
const image_s = (performance.now() - first) / 1000;
const open = page.getByRole('button', { name: 'Show its prediction' });
await open.waitFor().catch(async (e) => { console.error(await page.locator('.models').innerText()); console.error(await page.locator('.message').innerText()); throw e; });
const tile = until(/predictions\/.*\/(tiles|previews)/);
const begun = performance.now();
await open.click();
await tile;
const prediction_s = (performance.now() - begun) / 1000;
const events = await page.evaluate(() => performance.getEntriesByType('resource').map((e) => [new URL(e.name).pathname, e.startTime | 0, e.responseEnd | 0]));
await browser.close();
console.log(JSON.stringify({ image_s, prediction_s, events, all }));
