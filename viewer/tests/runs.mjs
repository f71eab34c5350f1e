// Runs as a person makes them: `node runs.mjs ADDRESS FOLDER`. Screenshots go into the folder. Prints what was seen as
// JSON.
import { audit } from './audit.mjs';
import { opened } from './page.mjs';

const [address, folder] = process.argv.slice(2);
const { page, seen, ended } = await opened();
const panel = page.locator('.panel.runs');
const row = (name) => panel.locator(`.run[data-name="${name}"]`);
const state = (name, wanted) => panel.locator(`.run[data-name="${name}"][data-state="${wanted}"]`).waitFor({ timeout: 60_000 });
const click = (name) => panel.getByRole('button', { name, exact: true }).click();
const command = async (name) => {
  await row(name).locator('summary').click();
  await row(name).locator('code').waitFor();
  const text = await row(name).locator('code').innerText();
  const files = await row(name).locator('.files li').allInnerTexts();
  await row(name).locator('summary').click();
  return { text, files };
};
const first = 'CMU-1-Small-Region-he_nuclei_rgb';

await page.goto(address);
await page.locator('.panel.image dl').waitFor();
await panel.getByRole('button', { name: /^Run / }).waitFor();
await page.waitForFunction(() => document.querySelector('.scalebar span')?.textContent);

// On the whole slide: paused, gone on with, cancelled, gone on with, and its objects appear.
await panel.getByText('Objects of it').click();
await panel.getByLabel('Channels that become objects').selectOption('nucleus');
await panel.getByLabel('least area').fill('20um2');
await panel.getByRole('button', { name: /^Run / }).click();
await page.waitForFunction(() => /tiles.* left/.test(document.querySelector('.run .status')?.textContent ?? ''));
seen.running = await row(first).locator('.status').innerText();
await page.locator('.run').first().scrollIntoViewIfNeeded();
await page.screenshot({ path: `${folder}/run-dark.png` });
await click(`Pause ${first}`);
await state(first, 'paused');
await row(first).getByRole('button', { name: 'Resume' }).press('Enter');
await page.waitForFunction(() => /[1-9]\d* of \d+ tiles/.test(document.querySelector('.run .status')?.textContent ?? ''));
await click(`Cancel ${first}`);
await state(first, 'cancelled');
await click(`Resume ${first}`);
await state(first, 'done');
seen.done = await row(first).locator('.status').innerText();
await page.waitForFunction(() => /\d/.test(document.querySelector('.objects .count')?.textContent ?? ''));
seen.shown = await page.locator('.objects h2').last().innerText();
seen.whole = await command(first);
const [report] = await Promise.all([page.context().waitForEvent('page'), row(first).getByRole('link', { name: /^Report/ }).click()]);
await report.locator('h1, h2').first().waitFor();
seen.report = await report.locator('img').count();
await report.close();

// On an annotation.
await page.keyboard.press('Escape');
await page.locator('.stage').focus();
await page.keyboard.press('v');
await page.locator('.annotation-list .entry').waitFor();
await panel.getByLabel('Where it runs').selectOption({ index: 1 });
await panel.getByRole('button', { name: /^Run / }).click();
await state(`${first}-2`, 'done');
seen.within = await command(`${first}-2`);

// Other objects of the first: counted while the options change, and exported.
await click(`Export … ${first}`);
const count = panel.locator('.making .count');
await page.waitForFunction(() => /nucleus: \d/.test(document.querySelector('.making .count')?.textContent ?? ''));
seen.countedFirst = await count.innerText();
await panel.locator('.making').getByLabel('threshold').fill('2');
await page.waitForFunction(() => /nucleus: 0/.test(document.querySelector('.making .count')?.textContent ?? ''));
await panel.locator('.making').getByLabel('threshold').fill('0,7');
await page.waitForFunction(() => /nucleus: [1-9]/.test(document.querySelector('.making .count')?.textContent ?? ''));
seen.counted = await count.innerText();
for (const file of ['CSV', 'label OME-TIFF', 'label OME-Zarr', 'QuPath folder']) await panel.locator('.making').getByLabel(file).check();
await panel.locator('.making').scrollIntoViewIfNeeded();
await page.screenshot({ path: `${folder}/export-dark.png` });
await panel.locator('.making').getByLabel('least area').fill('much');
await panel.locator('.making').getByRole('alert').waitFor();
seen.wrong = await panel.locator('.making').getByRole('alert').innerText();
await panel.locator('.making').getByLabel('least area').fill('20um2');
await panel.locator('.making').getByRole('button', { name: 'Export', exact: true }).click();
const exported = `${first}-objects`;
await state(exported, 'done');
seen.exportedState = await row(exported).locator('.status').innerText();
seen.exported = await command(exported);
await row(exported).locator('summary').click();
const [download] = await Promise.all([page.waitForEvent('download'), row(exported).getByRole('link', { name: 'objects.csv' }).click()]);
await download.saveAs(`${folder}/objects.csv`);

// Everything can be read and reached, in both themes.
seen.audits = {};
for (const colorScheme of ['dark', 'light']) {
  await page.emulateMedia({ colorScheme });
  seen.audits[colorScheme] = await audit(page);
  await page.locator('.run').first().scrollIntoViewIfNeeded();
  await page.screenshot({ path: `${folder}/runs-${colorScheme}.png` });
}
await click(`Remove ${exported}`);
await row(exported).waitFor({ state: 'detached' });
seen.left = await panel.locator('.run').count();
await ended();
