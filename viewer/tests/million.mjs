// A scripted pan over very many objects, in Debian's Chromium: `node million.mjs ADDRESS ENTRY FOLDER-FOR-PICTURES`.
// Prints as JSON how long the set took to open, what the page's main thread did in each frame of the pans (from
// Chromium's own trace), and where each view lies, whose picture of the objects goes to the folder.
import { existsSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [address, entry, folder] = process.argv.slice(2);
const kSteps = 200; // of a pan, one for each frame
const browser = await chromium.launch({
  executablePath: ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path)),
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
});
const seen = { problems: [], pans: [] };
const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
const page = await context.newPage();
page.setDefaultTimeout(120_000);
page.on('pageerror', (error) => seen.problems.push(String(error)));
const session = await browser.newBrowserCDPSession();

const settled = () =>
  page.evaluate(async () => {
    const canvas = document.querySelector('canvas.objects-layer');
    for (let still = 0, last = ''; still < 10; ) {
      await new Promise(requestAnimationFrame);
      const now = canvas.dataset.view;
      still = now === last && canvas.dataset.complete === 'true' && canvas.dataset.waiting === '0' ? still + 1 : 0;
      last = now;
    }
    return JSON.parse(canvas.dataset.view);
  });

async function traced(what) {
  const events = [];
  const collect = ({ value }) => events.push(...value);
  session.on('Tracing.dataCollected', collect);
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'] },
  });
  await what();
  const done = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
  await session.send('Tracing.end');
  await done;
  session.off('Tracing.dataCollected', collect);
  return events;
}

// Milliseconds of work of the page's main thread from one animation frame to the next: as a clock has them, in which
// others of the machine's programs have a share, and of the processor.
function framesOf(events) {
  const isFrame = (event) => event.name === 'FireAnimationFrame';
  const counts = new Map();
  for (const event of events.filter(isFrame)) {
    const thread = `${event.pid}/${event.tid}`;
    counts.set(thread, (counts.get(thread) ?? 0) + 1);
  }
  const [main] = [...counts].sort((a, b) => b[1] - a[1])[0];
  const own = events.filter((event) => `${event.pid}/${event.tid}` === main);
  const begins = own.filter(isFrame).map((event) => event.ts).sort((a, b) => a - b);
  const tasks = own.filter((event) => event.ph === 'X' && event.name === 'RunTask').sort((a, b) => a.ts - b.ts);
  const frames = [];
  let task = 0;
  for (let i = 0; i + 1 < begins.length; ++i) {
    if (begins[i + 1] - begins[i] < 2000) continue; // two callbacks of one frame
    while (task < tasks.length && tasks[task].ts + tasks[task].dur < begins[i]) ++task;
    const frame = { wall: 0, cpu: 0 };
    // A task belongs to the frame in which it ends; a frame's own task begins before its first callback. Chromium
    // leaves out some tasks' processor time; it is at most their length.
    for (; task < tasks.length && tasks[task].ts + tasks[task].dur < begins[i + 1]; ++task) {
      frame.wall += tasks[task].dur / 1000;
      frame.cpu += (tasks[task].tdur ?? tasks[task].dur) / 1000;
    }
    frames.push(frame);
  }
  return frames;
}

await page.goto(address);
await page.waitForFunction(() => document.querySelector('.readout') && !document.querySelector('.message').textContent);
const stage = await page.locator('.stage').boundingBox();
const middle = { x: stage.x + stage.width / 2, y: stage.y + stage.height / 2 };
await page.mouse.move(middle.x, middle.y);
await page.locator('.openseadragon-canvas').first().focus();
const kCloser = [0, 2, 2, 2, 3, 3]; // turns of the wheel before each pan
async function look(closer) {
  for (let i = 0; i < closer; ++i) {
    await page.mouse.wheel(0, -200);
    await page.waitForTimeout(60);
  }
  await page.waitForTimeout(1000); // the image's own tiles
}
const drag = async () => {
  await page.mouse.down();
  for (let i = 0; i < kSteps; ++i) {
    const part = Math.abs(((2 * i) / kSteps) % 2 - 1); // there and back
    await page.mouse.move(middle.x - 300 * (1 - part) - i / 2, middle.y - 200 * (1 - part));
  }
  await page.mouse.up();
};

// The same pans over the image alone, to compare with.
seen.alone = [];
for (const closer of kCloser) {
  await look(closer);
  seen.alone.push(framesOf(await traced(drag)));
}
await page.keyboard.press('0');

await page.getByRole('button', { name: 'All folders' }).click();
await page.locator('.entries').getByRole('button', { name: /root/ }).click();
await page.evaluate(() => {
  globalThis.said = new Set();
  new MutationObserver(() => {
    const bar = document.querySelector('.objects progress');
    if (bar && !bar.hidden) globalThis.said.add(bar.value);
  }).observe(document.querySelector('.panel.objects'), { subtree: true, childList: true, attributes: true });
});
const opened = Date.now();
await page.locator('.entries .entry.objects', { hasText: entry }).click();
await page.locator('.objects .class').first().waitFor();
seen.open_s = (Date.now() - opened) / 1000;
seen.progress = await page.evaluate(() => [...globalThis.said]);

for (const closer of kCloser) {
  await page.mouse.move(middle.x, middle.y);
  await look(closer);
  await settled();
  const frames = framesOf(await traced(drag));
  await page.mouse.move(2, 2);
  const view = await settled();
  const number = seen.pans.length;
  const picture = await page.evaluate(() => document.querySelector('canvas.objects-layer').toDataURL());
  writeFileSync(`${folder}/${number}.png`, Buffer.from(picture.split(',')[1], 'base64'));
  await page.screenshot({ path: `${folder}/${number}-page.png` });
  seen.pans.push({ view, frames });
}
console.log(JSON.stringify(seen));
await browser.close();
