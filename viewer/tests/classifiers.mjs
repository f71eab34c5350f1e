// Settings and classifiers as a person uses them: `node classifiers.mjs ADDRESS FOLDER-FOR-PICTURES`.
import { writeFileSync } from 'node:fs';
import { canvas, opened, still } from './page.mjs';

const [address, folder] = process.argv.slice(2);
const { page, seen, ended, text } = await opened();
const settled = () =>
  page.locator('.live .status').filter({ hasText: /^All that is visible/ }).waitFor({ timeout: 60_000 });
const frames = () => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
const overlay = async (name) => {
  await frames();
  writeFileSync(`${folder}/${name}.png`, await canvas(page, 'canvas.overlay:not(.annotation-layer)'));
};
const asked = [];
page.on('request', (request) => request.url().includes('/predictions/open') && asked.push(Object.fromEntries(new URL(request.url()).searchParams)));
const save = async (name) => {
  const field = page.getByLabel('Name of the classifier');
  if ((await field.inputValue()) !== name) await field.fill(name);
  await page.getByRole('button', { name: 'Apply' }).click();
  await page.locator('.apply .good, .apply .notice').waitFor();
  return text('.apply [role=status]');
};

await page.goto(address);
await page.getByRole('button', { name: 'Show its prediction' }).waitFor();
await still(page);
seen.choices = {
  channels: await page.getByLabel('Channel for red').locator('option').allInnerTexts(),
  types: await page.getByLabel('Output type').locator('option').allInnerTexts(),
  settings: await text('.settings'),
};
await page.getByLabel('Channel for red').selectOption('2');
await page.getByLabel('Resolution').selectOption('downsample');
await page.getByLabel('Size of pixels').fill('1,25');
await page.getByLabel('Windows', { exact: true }).fill('256');
await page.getByLabel('Class of background', { exact: true }).fill('Ground');
await page.getByLabel('Class of background: ignore').check();
await page.getByLabel('Class of nucleus', { exact: true }).fill('Nucleus');
await page.getByLabel('Class of nucleus: colour').fill('#ff0080');
await page.getByRole('button', { name: 'Show its prediction' }).click();
await settled();
seen.asked = asked.at(-1);
seen.names = await page.locator('.live .class .name').allInnerTexts();
await overlay('probability');
// What is shown changes with what it means, at once.
let tiles = 0;
page.on('request', (request) => /predictions.*(tiles|previews)/.test(request.url()) && ++tiles);
await page.getByLabel('Output type').selectOption('multiclass');
await page.locator('input[name=threshold]').waitFor();
seen.least = await page.getByLabel('Threshold', { exact: true }).inputValue();
await page.locator('input[name=threshold]').fill('0.2');
seen.moved = await page.getByLabel('Threshold', { exact: true }).inputValue();
await overlay('multiclass');
await page.getByLabel('Output type').selectOption('classification');
seen.sliders = await page.locator('input[name=threshold]').count();
await overlay('classification');
await page.getByLabel('Output type').selectOption('multiclass');
seen.tiles = tiles;

// Kept under a name; refused where it is there, and replaced on purpose.
await page.locator('.settings').evaluate((element) => element.scrollIntoView());
await page.screenshot({ path: `${folder}/viewer-settings.png` });
seen.bad = await save('../x');
seen.saved = await save('tumour nuclei');
seen.command = await page.locator('.apply code').innerText();
await page.locator('[data-classifier]').waitFor();
await page.locator('.apply').evaluate((element) => element.scrollIntoView({ block: 'end' }));
await page.screenshot({ path: `${folder}/viewer-apply.png` });
seen.refused = await save('tumour nuclei');
await page.getByLabel('replace the one there is').check();
await page.getByLabel('Class of other_tissue', { exact: true }).fill('a,b');
seen.comma = await save('tumour nuclei');
await page.getByLabel('Class of other_tissue', { exact: true }).fill('Stroma');
await page.getByLabel('replace the one there is').check();
seen.replaced = await save('tumour nuclei');

// Chosen again after the page was opened anew, with all that it says.
await page.reload();
await page.locator('[data-classifier="tumour nuclei"]').click();
await page.getByText('As the classifier tumour nuclei says.').waitFor();
seen.again = {
  red: await page.getByLabel('Channel for red').inputValue(),
  resolution: [await page.getByLabel('Resolution').inputValue(), await page.getByLabel('Size of pixels').inputValue()],
  windows: await page.getByLabel('Windows', { exact: true }).inputValue(),
  type: await page.getByLabel('Output type').inputValue(),
  threshold: await page.getByLabel('Threshold', { exact: true }).inputValue(),
  ground: [await page.getByLabel('Class of background', { exact: true }).inputValue(), await page.getByLabel('Class of background: ignore').isChecked()],
  nucleus: [await page.getByLabel('Class of nucleus', { exact: true }).inputValue(), await page.getByLabel('Class of nucleus: colour').inputValue()],
  stroma: await page.getByLabel('Class of other_tissue', { exact: true }).inputValue(),
};
await page.getByRole('button', { name: 'Show its prediction' }).click();
await settled();
seen.asClassifier = asked.at(-1);
seen.liveCommand = await page.locator('.live code').textContent();
await overlay('again');
await page.getByLabel('Windows', { exact: true }).fill('512');
await page.getByLabel('Windows', { exact: true }).press('Tab');
await page.getByText('Changed since it was the classifier tumour nuclei.').waitFor();
await ended();
