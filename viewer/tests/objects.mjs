// The objects of a run as a person uses them, in Debian's Chromium: `node objects.mjs ADDRESS FOLDER-FOR-SCREENSHOTS`.
// Prints what was seen as JSON; whoever calls it compares that with what it ought to be.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [address, folder] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path)),
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
});
const seen = { problems: [] };
const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, colorScheme: 'dark' });
const page = await context.newPage();
page.setDefaultTimeout(20_000);
page.on('pageerror', (error) => seen.problems.push(String(error)));
// There is no catalogue of models here, which the page says.
const isCatalogue = (message) => message.location().url.includes('/api/models?');
page.on('console', (message) => message.type() === 'error' && !isCatalogue(message) && seen.problems.push(message.text()));

const text = (selector) => page.locator(selector).innerText();
const picture = (name) => page.screenshot({ path: `${folder}/${name}.png` });
// Until nothing is to come and nothing moves: the canvas is as it was some frames ago.
const settled = () =>
  page.evaluate(async () => {
    const canvas = document.querySelector('canvas.objects-layer');
    const look = () => canvas.dataset.complete + canvas.dataset.waiting + canvas.toDataURL();
    for (let still = 0, last = ''; still < 6; ) {
      for (let i = 0; i < 5; ++i) await new Promise(requestAnimationFrame);
      const now = look();
      still = now === last && canvas.dataset.complete === 'true' && canvas.dataset.waiting === '0' ? still + 1 : 0;
      last = now;
    }
  });
// Pixels that show something, as a share.
const covered = () =>
  page.evaluate(() => {
    const canvas = document.querySelector('canvas.objects-layer');
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    let shown = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] > 0) ++shown;
    return shown / (data.length / 4);
  });
const entry = (name) => page.locator('.entries').getByRole('button', { name });

await page.goto(address);
await page.waitForFunction(() => document.querySelector('.readout') && !document.querySelector('.message').textContent);
await page.getByRole('button', { name: 'All folders' }).click();
await entry(/root/).click();
await entry(/run/).click();
await page.locator('.objects .class').first().waitFor();
await settled();
seen.status = await text('.objects .status');
seen.classes = await page.locator('.objects .class .name').allInnerTexts();
seen.covered = await covered();
await picture('objects-dark');

// The object under the pointer, with its measurements.
const box = await page.locator('.stage').boundingBox();
const place = await page.evaluate(() => {
  const canvas = document.querySelector('canvas.objects-layer');
  const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  const shown = (x, y) => data[4 * (y * canvas.width + x) + 3] > 0;
  // Somewhere well inside of one, near the middle.
  for (let r = 0; r < 250; r += 3)
    for (let a = 0; a < 64; ++a) {
      const x = Math.round(canvas.width / 2 + r * Math.cos(a / 10)), y = Math.round(canvas.height / 2 + r * Math.sin(a / 10));
      let all = true;
      for (let dy = -3; dy <= 3; ++dy) for (let dx = -3; dx <= 3; ++dx) all &&= shown(x + dx, y + dy);
      if (all) return { x, y };
    }
  return null;
});
await page.mouse.move(box.x + place.x + 1, box.y + place.y);
await page.mouse.move(box.x + place.x, box.y + place.y);
await page.locator('.hint').waitFor();
await page.waitForFunction(() => document.querySelector('.readout').textContent.includes('·'));
seen.hover = { hint: await text('.hint'), pixel: await text('.readout') };
await picture('objects-hover-dark');

// Selected by a click, by a second one with shift, by a rectangle.
await page.mouse.click(box.x + place.x, box.y + place.y);
await page.locator('.objects .selected dl').waitFor();
seen.clicked = await text('.objects .selected');
await page.keyboard.down('Shift');
await page.mouse.move(box.x + 40, box.y + 60);
await page.mouse.down();
await page.mouse.move(box.x + 300, box.y + 200, { steps: 4 });
await page.mouse.move(box.x + 560, box.y + 360, { steps: 4 });
await page.mouse.up();
await page.keyboard.up('Shift');
await page.waitForFunction(() => document.querySelector('.objects .selected').textContent.includes('selected'));
await settled();
seen.rectangle = await text('.objects .selected');

// The table follows the selection and is sorted by a measurement.
await page.keyboard.press('t');
await page.locator('.object-table [data-number]').first().waitFor();
await page.locator('.object-table [role=status]').filter({ hasText: /objects$/ }).waitFor();
seen.table = { count: await text('.object-table [role=status]'), selected: await page.locator('.object-table [aria-selected=true]').count() };
await page.getByLabel('Which objects').selectOption('selection');
await page.waitForFunction((all) => {
  const rows = document.querySelectorAll('.object-table [data-number]').length;
  const count = document.querySelector('.object-table [role=status]').textContent;
  return rows > 0 && count !== all && !document.querySelector('.object-table [aria-selected=false]');
}, seen.table.count);
seen.table.ofSelection = await text('.object-table [role=status]');
await page.getByLabel('Which objects').selectOption('all');
await page.locator('.object-table').getByRole('columnheader', { name: /^Area/ }).click();
await page.locator('.object-table').getByRole('columnheader', { name: /^Area.*▴/ }).click();
await page.waitForFunction(() => document.querySelector('.object-table [aria-sort=descending]'));
await page.waitForFunction(() => document.querySelector('.object-table [data-number]'));
seen.table.largest = await page.evaluate(async () => {
  for (let last = ''; ; ) {
    for (let i = 0; i < 20; ++i) await new Promise(requestAnimationFrame);
    const rows = [...document.querySelectorAll('.object-table [data-number]')].map((row) => Number(row.dataset.number));
    if (String(rows) === last && rows.length) return rows;
    last = String(rows);
  }
});
await picture('objects-table-dark');
// A row goes there.
await page.locator('.object-table [data-number]').first().click();
await page.waitForFunction(() => document.querySelectorAll('.object-table [aria-selected=true]').length === 1);
await settled();
seen.row = await text('.objects .selected strong');
await page.mouse.move(box.x + box.width / 2, box.y + 10);
seen.middle = await page.evaluate(() => document.querySelector('.scalebar').textContent);
await picture('objects-row-dark');
await page.locator('.stage').focus();
await page.keyboard.press('n');
await page.waitForFunction((before) => document.querySelector('.objects .selected strong')?.textContent !== before, seen.row);
seen.next = await text('.objects .selected strong');
await page.keyboard.press('b');
await page.waitForFunction((before) => document.querySelector('.objects .selected strong')?.textContent === before, seen.row);
await page.keyboard.press('Escape');
await page.waitForFunction(() => document.querySelector('.objects .selected').textContent.startsWith('Click'));

// Only large ones; then none of the first class.
await page.getByRole('button', { name: 'Fit' }).click();
await settled();
const all = await covered();
await page.getByLabel('Least area').fill(process.env.LEAST_AREA);
await page.waitForFunction((before) => document.querySelector('.object-table [role=status]').textContent !== before, seen.table.count);
await settled();
seen.filtered = { count: await text('.object-table [role=status]'), covered: await covered(), all };
await page.getByLabel('Least area').fill('');
await page.waitForFunction((before) => document.querySelector('.object-table [role=status]').textContent === before, seen.table.count);
await page.locator('.objects .class input[type=checkbox]').first().uncheck();
await page.waitForFunction((before) => document.querySelector('.object-table [role=status]').textContent !== before, seen.table.count);
await settled();
seen.toggled = { count: await text('.object-table [role=status]'), covered: await covered() };
await page.locator('.objects .class input[type=checkbox]').first().check();
await page.waitForFunction((before) => document.querySelector('.object-table [role=status]').textContent === before, seen.table.count);
await page.emulateMedia({ colorScheme: 'light' });
await page.locator('.spread').scrollIntoViewIfNeeded();
await page.locator('.spread rect').first().waitFor();
seen.histogram = await page.locator('.spread svg').getAttribute('aria-label');
await settled();
await picture('objects-light');
await page.getByRole('button', { name: 'Close the objects' }).click();
seen.closed = (await page.locator('canvas.objects-layer').count()) + (await page.locator('.object-table:visible').count());

await browser.close();
console.log(JSON.stringify(seen));
