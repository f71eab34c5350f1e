// The whole story as a person lives it: `node whole.mjs ADDRESS FOLDER`. PAIR is JSON: the prefix of the pictures, root
// and file of the image, root and folder of the model, the channel for the model's first input, if it is to be chosen,
// the class of which objects are made, and which places are pressed.
import { writeFileSync } from 'node:fs';
import { audit } from './audit.mjs';
import { canvas, opened, still } from './page.mjs';

const [address, folder] = process.argv.slice(2);
const pair = JSON.parse(process.env.PAIR);
const { page, seen, ended, text } = await opened();
const picture = (name) => page.screenshot({ path: `${folder}/${pair.name}-${name}.png` });
const entry = (name) => page.locator('.entries').getByRole('button', { name, exact: false });
const frames = () => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
const overlay = async (name) => {
  await frames();
  writeFileSync(`${folder}/${pair.name}-${name}.png`, await canvas(page, 'canvas.overlay:not(.annotation-layer)'));
};
const settled = () =>
  page.locator('.live .status').filter({ hasText: /^All that is visible/ }).waitFor({ timeout: 60_000 });
const download = async (link, name) => {
  const [file] = await Promise.all([page.waitForEvent('download'), link.click()]);
  await file.saveAs(`${folder}/${name}`);
};
const asked = { live: 0 };
page.on('request', (request) => /predictions\/.*(tiles|previews)/.test(request.url()) && ++asked.live);

// Open an image, choose a model, by the folders.
await page.goto(address);
await entry(pair.image[0]).click();
await entry(pair.image[1]).click();
await page.locator('.panel.image dl').waitFor();
await still(page);
seen.open = { title: await page.title(), facts: await text('.panel.image'), channels: await text('.panel.channels') };
await page.getByRole('button', { name: 'All folders' }).click();
await entry(pair.model[0]).click();
await entry(pair.model[1]).click();
await page.getByRole('button', { name: 'Show its prediction' }).waitFor();
seen.card = await text('.card .verdict');

// Its test images.
const [test] = await Promise.all([page.context().waitForEvent('page'), page.getByRole('link', { name: 'Show test images' }).click()]);
await test.locator('h1').waitFor({ timeout: 60_000 });
seen.test = {
  text: await test.locator('body').innerText(),
  pictures: await test.locator('img').evaluateAll((all) => all.filter((image) => image.complete && image.naturalWidth > 0).length),
};
await test.screenshot({ path: `${folder}/${pair.name}-test.png` });
await test.close();

// Settings, kept as a classifier and chosen again.
if (pair.channel) await page.getByLabel(/^Channel for/).selectOption({ label: pair.channel });
if (pair.ignored) await page.getByLabel(`Class of ${pair.ignored}: ignore`).check();
await page.getByLabel('Windows', { exact: true }).fill('256');
await page.getByLabel('Name of the classifier').fill('story');
await page.getByRole('button', { name: 'Apply' }).click();
await page.locator('.apply .good').waitFor({ timeout: 60_000 });
seen.applied = await text('.apply code');
await page.locator('[data-classifier=story]').click();
await page.getByText('As the classifier story says.').waitFor();

// Looked at live; a pan across gives up what is not visible any more.
const zoom = page.getByRole('button', { name: '1:1' });
await page.getByRole('button', { name: 'Show its prediction' }).click();
await settled();
seen.live = { decided: await page.locator('.live details').textContent() };
await overlay('live');
await page.locator('.live').evaluate((element) => element.scrollIntoView());
await picture('prediction');
const before = asked.live;
const slider = page.locator('input[name=threshold]');
await slider.fill(pair.threshold);
await overlay('threshold');
seen.live.asked = asked.live - before;
await page.getByRole('button', { name: '1:1' }).click();
await still(page);
await page.getByRole('button', { name: 'Fit' }).click();
await page.getByRole('button', { name: 'Close the prediction' }).click();

// On the whole image, with objects.
const runs = page.locator('.panel.runs');
await runs.getByText('Objects of it').click();
await runs.getByLabel('Channels that become objects').selectOption(pair.object);
await runs.getByLabel('least area').first().fill('20px');
await runs.getByRole('button', { name: /^Run / }).click();
const run = page.locator('.run').first();
await page.locator('.run[data-state=done]').waitFor({ timeout: 120_000 });
await page.locator('.objects .status').filter({ hasText: /^[\d,]+ objects/ }).waitFor();
await run.locator('summary').click();
await run.locator('code').waitFor();
seen.run = { name: await run.getAttribute('data-name'), status: await text('.objects .status'), command: await run.locator('code').innerText() };
await run.locator('summary').click();
// Until nothing is to come and nothing moves.
await page.evaluate(async () => {
  const layer = document.querySelector('canvas.objects-layer');
  for (let calm = 0, last = ''; calm < 6; ) {
    for (let i = 0; i < 5; ++i) await new Promise(requestAnimationFrame);
    const now = layer.dataset.complete + layer.dataset.waiting + layer.toDataURL();
    calm = now === last && layer.dataset.complete === 'true' && layer.dataset.waiting === '0' ? calm + 1 : 0;
    last = now;
  }
});
writeFileSync(`${folder}/${pair.name}-object-layer.png`, await canvas(page, 'canvas.objects-layer'));

// The largest one: its measurements.
await page.keyboard.press('t');
await page.locator('.object-table [data-number]').first().waitFor();
await page.locator('.object-table').getByRole('columnheader', { name: /^Area/ }).click();
await page.locator('.object-table').getByRole('columnheader', { name: /^Area.*▴/ }).click();
await page.waitForFunction(() => document.querySelector('.object-table [aria-sort=descending]'));
await page.locator('.object-table [data-number]').first().click();
await page.locator('.objects .selected dl').waitFor();
seen.object = await text('.objects .selected');
await page.locator('.objects').evaluate((element) => element.scrollIntoView());
await frames();
await picture('objects');
await page.keyboard.press('t');

// Measured within an annotation.
await page.getByRole('button', { name: 'Fit' }).click();
await still(page);
const notes = page.locator('.panel.annotations');
await page.locator('.stage').focus();
await page.keyboard.press('v');
for (const [label, value] of [['x', pair.box[0]], ['y', pair.box[1]], ['width', pair.box[2]], ['height', pair.box[3]]]) {
  await notes.getByLabel(`${label} in pixels`).fill(String(value));
  await notes.getByLabel(`${label} in pixels`).press('Tab');
}
await notes.getByRole('button', { name: 'Measure', exact: true }).click();
await notes.locator('.sheet').first().waitFor({ timeout: 60_000 });
seen.measured = await notes.locator('.sheet').allInnerTexts();
await download(notes.getByRole('button', { name: 'CSV', exact: true }), `${pair.name}-measured.csv`);
await download(notes.getByRole('button', { name: 'Export GeoJSON', exact: true }), `${pair.name}-measured.geojson`);
await notes.locator('.measure summary').click();
seen.measureCommand = await notes.locator('.measure code').innerText();
await notes.locator('.sheet').first().scrollIntoViewIfNeeded();
await picture('measured');

// Other objects of it, as files.
await runs.getByRole('button', { name: `Export … ${seen.run.name}`, exact: true }).click();
const making = runs.locator('.making');
// Counted, and not on the way to that.
const counted = (than) =>
  page
    .waitForFunction((than) => {
      const text = document.querySelector('.making .count')?.textContent ?? '';
      return /\d/.test(text) && !text.startsWith('Counting') && text !== than && text;
    }, than)
    .then((handle) => handle.jsonValue());
const first = await counted('');
await making.getByLabel('least area').fill('60px');
await making.getByLabel('CSV').check();
seen.counted = await counted(first);
await making.scrollIntoViewIfNeeded();
await picture('export');
await making.getByRole('button', { name: 'Export', exact: true }).click();
const exported = page.locator(`.run[data-name="${seen.run.name}-objects"]`);
await page.locator(`.run[data-name="${seen.run.name}-objects"][data-state=done]`).waitFor({ timeout: 60_000 });
await exported.locator('summary').click();
await exported.locator('code').waitFor();
seen.exportCommand = await exported.locator('code').innerText();
await download(exported.getByRole('link', { name: 'objects.csv' }), `${pair.name}-objects.csv`);
await download(exported.getByRole('link', { name: 'objects.geojson' }), `${pair.name}-objects.geojson`);
seen.audit = await audit(page);
await ended();
