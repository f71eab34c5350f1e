import { type FirstLook, firstLook, lookAt, started } from './first'; // before all else
import './style.css';
import { Annotations } from './annotations';
import { Channels } from './channels';
import { debounce, fold, h, sentence } from './dom';
import { Files } from './files';
import { ImagePanel } from './image_panel';
import { Live } from './live';
import { Models } from './models';
import { Objects } from './objects';
import { Runs } from './runs';
import { Slide } from './slide';
import { themeButton } from './theme';

const slide = new Slide();
const channels = new Channels(() => slide.look(channels.words()));
const plane = new ImagePanel(
  debounce(150, (z: number, t: number) => {
    slide.z = z;
    slide.t = t;
    live.close(); // it was of another plane
    slide.look(channels.words());
  }),
);
const live = new Live(slide);
const objects = new Objects(slide);
const models = new Models({
  predict: (image, model, card, wishes, meaning) => live.start(image, model, card, wishes, meaning),
  meaning: (meaning) => live.mean(meaning),
});
const annotations = new Annotations(slide);
const runs = new Runs({ show: (run) => showRun(run), image: () => image, plane: () => slide });
models.onchosen = (chosen) => runs.set(chosen);
annotations.onareas = (areas) => runs.setAreas(areas);
live.oninfo = (info) => annotations.setLive(info);
const files = new Files({
  image: (path) => void openImage(path),
  model: (path) => void models.choose(path),
  run: (path) => showRun(path),
  annotations: (path) => void annotations.open(path),
});

/** A folder of a prediction or of objects, or a file of objects. */
function showRun(path: string | null): void {
  objects.show(path);
  annotations.setRun(path?.endsWith('.geojson') ? null : path);
}

let opening = 0;
let image = ''; // that is open

async function openImage(path: string, look: (path: string) => Promise<FirstLook> = lookAt): Promise<void> {
  const number = ++opening;
  slide.say('Opening …');
  try {
    const { info, asItIs, ranges } = await look(path);
    if (number !== opening) return;
    image = path;
    slide.z = slide.t = 0;
    live.close();
    channels.set(ranges, asItIs);
    plane.set(path, info);
    slide.open(path, info, channels.words());
    annotations.setImage(path);
    files.mark(path);
    models.setImage(path, info);
    showRun(null); // it was of another image
    objects.setImage(info);
    document.title = `${path.split('/').pop()} – Tegula`;
  } catch (error) {
    if (number === opening) slide.say(sentence(error));
  }
}

const kKeys: [string, string][] = [
  ['arrows, w a s d', 'pan'],
  ['+ −', 'zoom'],
  ['0', 'the whole image'],
  ['1', 'one image pixel per screen pixel'],
  ['c then 1 … 9', 'show or hide a channel'],
  ['n, b', 'the next object, the one before'],
  ['t', 'the table of objects'],
  ['r, p', 'draw a rectangle, a polygon'],
  ['v', 'a rectangle of what is visible'],
  ['Delete', 'delete the chosen annotation'],
  ['Escape', 'end drawing, choose nothing'],
  ['f', 'files'],
  ['m', 'search models'],
  ['?', 'this list'],
];

const help = h(
  'dialog',
  { class: 'help', 'aria-label': 'Keys' },
  h('h2', {}, 'Keys'),
  h('dl', {}, ...kKeys.flatMap(([key, what]) => [h('dt', {}, key), h('dd', {}, what)])),
  h('form', { method: 'dialog' }, h('button', { autofocus: true }, 'Close')),
);

let afterC = false;
document.addEventListener('keydown', (event) => {
  const target = event.target as HTMLElement;
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
  const digit = /^[1-9]$/.test(event.key) ? Number(event.key) : 0;
  if (afterC && digit) channels.toggle(digit - 1);
  else if (event.key === '0') slide.fit();
  else if (event.key === '1') slide.actualSize();
  else if (objects.key(event.key)) afterC = false;
  else if (event.key === 'f') files.focus();
  else if (event.key === 'm') models.focus();
  else if (event.key === '?') help.showModal();
  else if (!help.open && annotations.key(event)) afterC = false;
  else {
    afterC = event.key === 'c';
    return;
  }
  afterC = false;
  event.preventDefault();
  event.stopPropagation();
}, true);

document.getElementById('app')!.append(
  h(
    'header',
    {},
    h('strong', { class: 'brand' }, 'Tegula'),
    h('span', { class: 'spring' }),
    h('button', { title: 'The whole image (0)', onclick: () => slide.fit() }, 'Fit'),
    h('button', { title: 'One image pixel per screen pixel (1)', onclick: () => slide.actualSize() }, '1:1'),
    h('button', { title: 'Keys (?)', 'aria-label': 'Keys', onclick: () => help.showModal() }, '?'),
    themeButton(),
  ),
  h('aside', { class: 'left' }, files.element),
  slide.element,
  objects.table.element,
  h(
    'aside',
    { class: 'right', 'aria-label': 'Panels' },
    fold('Image', plane.element),
    fold('Channels', channels.element),
    fold('Model', models.element),
    fold('Prediction', live.element),
    fold('Run', runs.element),
    fold('Objects', objects.element),
    fold('Annotations', annotations.element),
  ),
  help,
);

slide.mount();
annotations.mount();

async function start(): Promise<void> {
  try {
    const given = await started;
    if (given.image) {
      void openImage(given.image, firstLook);
      await slide.seen(); // what follows would hold it up
    }
    if (given.model) void models.choose(given.model);
    const folder = given.image.includes('/') && given.roots.includes(given.image.split('/')[0]!)
      ? given.image.split('/').slice(0, -1).join('/')
      : given.roots.length === 1 ? given.roots[0]! : '';
    void runs.read();
    await files.open(folder);
    await Promise.all([models.search(), models.list()]);
  } catch (error) {
    slide.say(sentence(error));
  }
}
void start();
