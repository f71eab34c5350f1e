// How soon the first tiles are there: `node first_tiles.mjs ADDRESS`. Milliseconds from the page's first request to the
// first tile of the image, and from the click to the first tile of the prediction: its last byte, and the frame in which
// it is seen.
import { opened } from './page.mjs';

const [address] = process.argv.slice(2);
const { page, seen, ended } = await opened();
// When something is drawn in the middle of a canvas for the first time, as performance.now() has it.
await page.addInitScript(() => {
  window.firstDrawn = (selector) =>
    new Promise((done) => {
      const look = () => {
        for (const canvas of document.querySelectorAll(selector)) {
          const context = canvas.width && canvas.getContext('2d');
          if (!context) continue;
          const { data } = context.getImageData(0, canvas.height / 2, canvas.width, 1);
          if (data.some((value, i) => i % 4 === 3 && value)) return done(performance.now());
        }
        requestAnimationFrame(look);
      };
      look();
    });
  window.imageDrawn = new Promise((done) =>
    addEventListener('DOMContentLoaded', () => done(window.firstDrawn('.stage canvas'))),
  );
});
// The first answer at such an address after `since`, when the last byte of it has come.
const firstByte = (part, since) =>
  page.evaluate(
    ([part, since]) =>
      new Promise((done) => {
        const look = () => {
          const ends = performance
            .getEntriesByType('resource')
            .filter((entry) => new RegExp(part).test(entry.name) && entry.startTime >= since && entry.responseEnd)
            .map((entry) => entry.responseEnd);
          if (ends.length) done(Math.min(...ends));
          else setTimeout(look, 5);
        };
        look();
      }),
    [part, since],
  );

await new Promise((done) => setTimeout(done, 2000)); // the browser itself has begun
await page.goto(address);
seen.image_drawn_ms = await page.evaluate(() => window.imageDrawn);
const asked = await page.evaluate(() => performance.getEntriesByType('navigation')[0].requestStart);
seen.image_ms = (await firstByte('/api/images/tiles/', 0)) - asked;
seen.image_drawn_ms -= asked;

const button = page.getByRole('button', { name: 'Show its prediction' });
await button.waitFor();
const began = await button.evaluate((button) => {
  const began = performance.now();
  window.predictionDrawn = window.firstDrawn('canvas.overlay:not(.annotation-layer)');
  button.click();
  return began;
});
seen.prediction_ms = (await firstByte('/api/predictions/\\w+/(tiles|previews)/', began)) - began;
seen.prediction_drawn_ms = (await page.evaluate(() => window.predictionDrawn)) - began;
seen.prediction_id = /predictions\/(\w+)\/(tiles|previews)\//.exec(
  await page.evaluate(() => performance.getEntriesByType('resource').map((entry) => entry.name).join(' ')),
)[1];
await ended();
