// Annotations as a person makes them: `node annotations.mjs ADDRESS FOLDER GEOJSON WRONG-GEOJSON`. Files that the page
// saves go into the folder, screenshots too. Prints what was seen as JSON.
import { existsSync, readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { audit } from './audit.mjs';

const [address, folder, good, wrong] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path)),
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
});
const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, colorScheme: 'dark', acceptDownloads: true });
const page = await context.newPage();
page.setDefaultTimeout(20_000);
const seen = { problems: [], audits: {} };
page.on('pageerror', (error) => seen.problems.push(String(error)));
const panel = page.locator('.panel.annotations');
const entries = () => panel.locator('.annotation-list .entry').allInnerTexts();
const box = async () => page.locator('.stage').boundingBox();
const at = async (x, y) => {
  const { x: left, y: top, width, height } = await box();
  return [left + x * width, top + y * height];
};
const saved = async (name, file) => {
  const [download] = await Promise.all([page.waitForEvent('download'), panel.getByRole('button', { name, exact: true }).click()]);
  await download.saveAs(`${folder}/${file}`);
};

await page.goto(address);
await page.locator('.panel.image dl').waitFor();
await page.getByRole('button', { name: 'Show its prediction' }).waitFor();
await page.waitForFunction(() => document.querySelector('.scalebar span')?.textContent);

// A rectangle by the mouse, one that is given up, a polygon that crosses itself and is then set right.
await page.keyboard.press('r');
await page.mouse.move(...(await at(0.45, 0.3)));
await page.mouse.down();
await page.mouse.move(...(await at(0.5, 0.35)), { steps: 3 });
await page.mouse.up();
await panel.locator('.entry').first().waitFor();
await panel.getByLabel('name of the annotation').fill('by mouse');
await panel.getByLabel('name of the annotation').press('Tab');
seen.focus = await page.evaluate(() => document.activeElement.getAttribute('aria-label'));
await page.keyboard.type('Tumour');
await page.keyboard.press('Tab');
await panel.getByRole('button', { name: 'Polygon' }).click();
for (const corner of [[0.55, 0.2], [0.62, 0.3], [0.62, 0.2], [0.55, 0.3]]) await page.mouse.click(...(await at(...corner)));
await page.keyboard.press('Enter');
seen.crossing = await panel.locator('[role=status]').first().innerText();
await page.keyboard.press('Escape');
seen.afterEscape = await entries();
await page.keyboard.press('p');
for (const corner of [[0.55, 0.2], [0.62, 0.2], [0.6, 0.33], [0.5, 0.28]]) await page.mouse.click(...(await at(...corner)));
await page.keyboard.press('Backspace');
await page.keyboard.press('Enter');
// By the keyboard alone.
await page.keyboard.press('v');
for (const [label, value] of [['x', '100'], ['y', '200'], ['width', '64'], ['height', '48']]) {
  await panel.getByLabel(`${label} in pixels`).fill(value);
  await panel.getByLabel(`${label} in pixels`).press('Tab');
}
seen.drawn = await entries();
await saved('Export GeoJSON', 'exported.geojson');

// Moved by the mouse, deleted, and there again.
await panel.locator('.entry').first().press('Enter');
await page.waitForFunction(() => new Promise((done) => setTimeout(() => done(true), 700)));
await page.mouse.move(...(await at(0.5, 0.5)));
await page.mouse.down();
await page.mouse.move(...(await at(0.52, 0.5)), { steps: 3 });
await page.mouse.up();
await saved('Export GeoJSON', 'moved.geojson');
await page.keyboard.press('Delete');
seen.deleted = await entries();
await panel.getByRole('button', { name: 'Undo' }).click();
seen.undone = await entries();

// Imported by choosing, by dropping, and from the folders; a wrong one says which feature.
await panel.locator('input[type=file]').setInputFiles(good);
await page.waitForFunction(() => document.querySelectorAll('.annotation-list .entry').length > 3);
seen.imported = await entries();
const dropped = await page.evaluateHandle((text) => {
  const data = new DataTransfer();
  data.items.add(new File([text], 'wrong.geojson'));
  return data;
}, readFileSync(wrong, 'utf8'));
await page.locator('.slide').dispatchEvent('drop', { dataTransfer: dropped });
seen.wrong = await panel.getByRole('alert').innerText();
await page.getByRole('button', { name: /good\.geojson as annotations/ }).click();
await page.waitForFunction(() => !document.querySelector('.annotations [role=alert]'));
seen.again = await entries();

// Measured of what is looked at.
await page.getByRole('button', { name: 'Show its prediction' }).click();
await page.waitForFunction(() => /^(All|Predicting)/.test(document.querySelector('.live .status')?.textContent ?? ''));
await panel.getByLabel('background counts').uncheck();
await panel.getByRole('button', { name: 'Measure', exact: true }).click();
await panel.locator('.sheet').first().waitFor();
seen.sheets = await panel.locator('.sheet').allInnerTexts();
await saved('CSV', 'measurements.csv');
await saved('Export GeoJSON', 'annotations.geojson');
await panel.locator('.measure summary').click();
seen.command = await panel.locator('.measure code').innerText();
await panel.locator('.sheet').first().scrollIntoViewIfNeeded();
await page.screenshot({ path: `${folder}/annotations-dark.png` });

// The whole page, everything open, in both themes and sizes.
for (const [width, height] of [[1280, 720], [1920, 1080]])
  for (const colorScheme of ['dark', 'light']) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
    seen.audits[`${width} ${colorScheme}`] = await audit(page);
    await page.screenshot({ path: `${folder}/page-${width}-${colorScheme}.png` });
  }
await browser.close();
console.log(JSON.stringify(seen));
