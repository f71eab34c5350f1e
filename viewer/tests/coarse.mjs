// A prediction of more than is soon there: `node coarse.mjs ADDRESS FOLDER-FOR-PICTURES`. What the model gives is held
// back until the coarse preview was seen; WAIT=preview ends there.
import { writeFileSync } from 'node:fs';
import { canvas, opened, still } from './page.mjs';

const [address, folder] = process.argv.slice(2);
const { page, seen, ended, text } = await opened();
let release;
const released = new Promise((done) => (release = done));
seen.asked = { tiles: 0, previews: 0 };
await page.route(/\/api\/predictions\/\w+\/(tiles|previews)\//, async (route) => {
  const kind = /\/(tiles|previews)\//.exec(route.request().url())[1];
  ++seen.asked[kind];
  if (kind === 'tiles') await released;
  await route.continue().catch(() => {}); // given up meanwhile
});
const look = async (name) => {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  writeFileSync(`${folder}/${name}.png`, await canvas(page, 'canvas.overlay:not(.annotation-layer)'));
  return { badge: await page.locator('.coarse').isVisible(), status: await text('.live .status') };
};

await page.goto(address);
await page.getByRole('button', { name: 'Show its prediction' }).waitFor();
await still(page);
const got = { previews: 0 };
page.on('response', (response) => /\/previews\//.test(response.url()) && response.ok() && ++got.previews);
await page.getByRole('button', { name: 'Show its prediction' }).click();
await page.locator('.coarse').waitFor();
// All previews are there: of what is wanted only what is held back is left, or nothing.
await page.waitForFunction((most) => {
  const left = /: (\d+) tile/.exec(document.querySelector('.live .status').textContent);
  return !left || Number(left[1]) <= most;
}, Number(process.env.EXACT_TILES));
seen.coarse = await look('coarse');
seen.coarse.previews = got.previews;
await page.screenshot({ path: `${folder}/viewer-coarse.png` });
if (process.env.WAIT !== 'preview') {
  release();
  await page.locator('.live .status').filter({ hasText: /^All that is visible/ }).waitFor({ timeout: 60_000 });
  seen.exact = await look('exact');
  // What is there needs no preview again.
  const before = seen.asked.previews;
  await page.locator('input[name=threshold]').fill('0.9');
  seen.again = { ...(await look('again')), previews: seen.asked.previews - before };
}
release();
await page.unrouteAll({ behavior: 'ignoreErrors' });
await ended();
