// A pan that leaves places before they are predicted: `node pan.mjs ADDRESS`. Counts what the page asked for and gave up.
import { opened, still } from './page.mjs';

const [address] = process.argv.slice(2);
const { page, seen, ended } = await opened();
const kTile = /\/api\/predictions\/(\w+)\/tiles\//;
seen.asked = seen.given_up = 0;
page.on('request', (request) => kTile.test(request.url()) && ++seen.asked);
page.on('requestfailed', (request) => kTile.test(request.url()) && ++seen.given_up);
const settled = () =>
  page.locator('.live .status').filter({ hasText: /^All that is visible/ }).waitFor({ timeout: 60_000 });
const predicted = async () => {
  const { windows_made, windows } = await (await page.request.get(new URL(`/api/predictions/${seen.id}${new URL(address).search}`, address).href)).json();
  return { windows_made, windows };
};

await page.goto(address);
const start = page.getByRole('button', { name: 'Show its prediction' });
await start.waitFor();
await page.keyboard.press('1');
await still(page);
const first = page.waitForResponse((response) => kTile.test(response.url()));
await start.click();
seen.id = kTile.exec((await first).url())[1];
await settled();
seen.before = { asked: seen.asked, given_up: seen.given_up };

const box = await page.locator('.stage').boundingBox();
const y = box.y + box.height / 2;
const edges = [box.x + box.width - 20, box.x + 20];
const pan = async (from, to) => {
  await page.mouse.move(from, y);
  await page.mouse.down();
  await page.mouse.move(to, y, { steps: 3 });
  await page.mouse.up();
};
const kScreens = 6;
for (let screen = 0; screen < kScreens; ++screen) {
  const asked = page.waitForRequest((request) => kTile.test(request.url()));
  await pan(edges[0], edges[1]);
  await asked;
}
await still(page);
await settled();
seen.quick = { asked: seen.asked, given_up: seen.given_up, ...(await predicted()) };
// Back, with as much patience as it takes.
for (let screen = 0; screen < kScreens; ++screen) {
  await pan(edges[1], edges[0]);
  await still(page);
  await settled();
}
seen.patient = await predicted();
await ended();
