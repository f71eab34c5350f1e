// The page as a person uses it, in Debian's Chromium: `node story.mjs ADDRESS FOLDER-FOR-SCREENSHOTS`. Prints what was
// seen as JSON; whoever calls it compares that with what it ought to be.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [address, folder] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path)),
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
});
const seen = { hosts: new Set(), problems: [], steps: {} };
const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, colorScheme: 'dark' });
const page = await context.newPage();
page.setDefaultTimeout(20_000);
page.on('request', (request) => seen.hosts.add(new URL(request.url()).host));
page.on('pageerror', (error) => seen.problems.push(String(error)));
page.on('console', (message) => message.type() === 'error' && seen.problems.push(message.text()));

const text = (selector) => page.locator(selector).innerText();
const picture = (name) => page.screenshot({ path: `${folder}/${name}.png` });
// What OpenSeadragon has drawn, small; until it is not one colour, and not as it was.
const drawn = (before = '') =>
  page
    .waitForFunction((before) => {
      const canvas = document.querySelector('.stage canvas');
      if (!canvas?.width) return false;
      const small = document.createElement('canvas');
      small.width = small.height = 16;
      const context = small.getContext('2d');
      context.drawImage(canvas, 0, 0, 16, 16);
      const pixels = new Uint32Array(context.getImageData(0, 0, 16, 16).data.buffer);
      const text = pixels.join(' ');
      return new Set(pixels).size > 8 && text !== before && text;
    }, before)
    .then((handle) => handle.jsonValue());
// Points at the middle until the values of the pixel are there.
const point = async () => {
  const box = await page.locator('.stage').boundingBox();
  await page.mouse.move(box.x + box.width / 2 + 3, box.y + box.height / 2);
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.waitForFunction(() => document.querySelector('.readout').textContent.includes('·'));
  return text('.readout');
};

await page.goto(address);
await drawn();
seen.steps.brightfield = {
  title: await page.title(),
  facts: await text('.panel.image'),
  channels: await text('.panel.channels'),
  scale: await text('.scalebar'),
  pixel: await point(),
};
await page.waitForFunction(() => document.querySelector('.models [role=status]').textContent.includes('catalogue'));
seen.steps.search = await text('.models [role=status]');
await picture('brightfield-dark');

await page.getByLabel('Search models').fill('nothing has this name');
await page.waitForFunction(() => document.querySelector('.models [role=status]').textContent.startsWith('0 of'));
await page.getByLabel('Search models').fill('shark');
await page.locator('.hit').first().click();
await page.locator('.card .verdict').waitFor();
seen.steps.card = await text('.card');
await page.locator('.card').scrollIntoViewIfNeeded();
await picture('model-dark');

// The prediction where one looks, in full resolution; then elsewhere before all of it is there.
const predicted = (path) => new URL(path).pathname.split('/').slice(-3).map(Number);
const tiles = [];
page.on('response', (response) => {
  if (/predictions.*tiles/.test(response.url()) && response.ok()) tiles.push(predicted(response.url()));
});
const settled = () =>
  page.waitForFunction(() => document.querySelector('.live .status')?.textContent.startsWith('All that is visible'));
// Pixels of the overlay that show something, as a share.
const covered = () =>
  page.evaluate(() => {
    const canvas = document.querySelector('canvas.overlay');
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    let shown = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] > 0) ++shown;
    return shown / (data.length / 4);
  });
await page.getByRole('button', { name: '1:1' }).click();
// The zoom has ended when nothing moves for some frames.
await page.evaluate(async () => {
  const length = () => document.querySelector('.scalebar .line').style.width;
  for (let still = 0, last = ''; still < 10; last = length()) {
    await new Promise(requestAnimationFrame);
    still = length() === last ? still + 1 : 0;
  }
});
await page.getByRole('button', { name: 'Show its prediction' }).click();
await settled();
seen.steps.live = { tiles: tiles.length, covered: await covered(), pixel: '' };
await page.locator('.live').evaluate((element) => element.scrollIntoView());
await picture('prediction-dark');
seen.steps.live.pixel = await point();
const slider = page.locator('input[name=threshold]');
const before_threshold = tiles.length;
await slider.fill('0.9');
await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
seen.steps.threshold = { covered: await covered(), tiles: tiles.length - before_threshold };
await slider.fill('1');
await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
seen.steps.threshold.none = await covered();
await page.getByRole('button', { name: 'Close the prediction' }).click();

// To another image, through the folders, by the keyboard alone.
await page.keyboard.press('Escape');
await page.locator('.stage').click({ position: { x: 20, y: 200 } });
await page.getByRole('button', { name: 'All folders' }).press('Enter');
await page.getByRole('button', { name: 'fluorescence' }).press('Enter');
await page.getByRole('button', { name: /hela/ }).press('Enter');
await page.locator('.channel').first().waitFor();
await drawn();
seen.steps.fluorescence = { channels: await page.locator('.channel').count(), pixel: await point() };
await page.emulateMedia({ colorScheme: 'light' });
await picture('fluorescence-light');
const before = await drawn();
const tile = page.waitForRequest((request) => request.url().includes('/tiles/'));
await page.locator('.channel input[type=checkbox]').first().uncheck();
seen.steps.toggled = new URL((await tile).url()).searchParams.get('channels');
await drawn(before); // something else

await page.getByRole('button', { name: /broken/ }).click();
await page.waitForFunction(() => document.querySelector('.message').textContent.includes('broken'));
seen.steps.broken = await text('.message');
await page.keyboard.press('?');
await page.getByRole('dialog').waitFor();
await picture('keys-light');

await browser.close();
seen.hosts = [...seen.hosts];
console.log(JSON.stringify(seen));
