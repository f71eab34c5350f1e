// The image in the middle: pan and zoom, overview, scale bar, and what the pixel under the pointer is.

import OpenSeadragon from 'openseadragon';
import { address, ask, headers, isAbort, type ImageInfo } from './api';
import { h } from './dom';
import { micrometres, ScaleBar } from './scale_bar';

const kTile = 256;

function levelsOf(info: ImageInfo): number {
  const whole = info.levels[0]!;
  return Math.ceil(Math.log2(Math.max(whole.height, whole.width, 1)));
}

export class Slide {
  readonly element: HTMLElement;
  osd!: OpenSeadragon.Viewer; // once it is mounted
  private readonly stage = h('div', {
    class: 'stage',
    tabIndex: 0,
    'aria-label': 'Image: arrows pan, plus and minus zoom',
  });
  private readonly scale = new ScaleBar();
  private readonly readout = h('output', { class: 'readout', 'aria-live': 'off' });
  private readonly overview = h('div', { class: 'overview', 'aria-label': 'Overview' });
  private readonly message = h('div', { class: 'message', role: 'status' });
  private info: ImageInfo | null = null;
  private path = '';
  private channels: string | undefined;
  private asking: AbortController | null = null;
  private timer = 0;
  private looks = 0;
  z = 0;
  t = 0;
  /** What else is to be said of a pixel. */
  more: (x: number, y: number) => string = () => '';

  constructor() {
    this.element = h(
      'main',
      { class: 'slide' },
      this.stage,
      this.overview,
      this.scale.element,
      this.readout,
      this.message,
    );
    this.say('Choose an image on the left.');
  }

  /** Once it has its place in the page, whose size counts. */
  mount(): void {
    const { stage } = this;
    // OpenSeadragon would write a style of its own, which the page's policy forbids (style.css has it), unless there is
    // one of this name. An empty one is allowed.
    document.head.append(h('style', { 'data-openseadragon-mobile-css': '' }));
    this.osd = OpenSeadragon({
      element: stage,
      drawer: 'canvas',
      loadTilesWithAjax: true,
      ajaxHeaders: headers,
      showNavigationControl: false,
      showNavigator: true,
      navigatorElement: this.overview,
      gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
      animationTime: 0.4,
      springStiffness: 10,
      zoomPerScroll: 1.4,
      maxZoomPixelRatio: 16,
      minZoomImageRatio: 0.8,
      visibilityRatio: 0.3,
      homeFillsViewer: false,
      timeout: 120_000,
      imageLoaderLimit: 6,
    });
    // It would turn and flip the image, which nothing else here knows of.
    this.osd.addHandler('canvas-key', (event) => {
      if (/^[rf]$/i.test((event.originalEvent as KeyboardEvent).key)) event.preventDefaultAction = true;
    });
    this.osd.addHandler('update-viewport', () => this.moved());
    this.osd.addHandler('tile-load-failed', (event) => this.say(`A tile could not be read: ${event.message}`));
    stage.addEventListener('pointermove', (event) => this.point(event));
    stage.addEventListener('pointerleave', () => this.leave());
  }

  say(text: string): void {
    this.message.textContent = text;
    this.message.hidden = !text;
  }

  open(path: string, info: ImageInfo, channels: string | undefined): void {
    this.path = path;
    this.info = info;
    this.channels = channels;
    this.say('');
    ++this.looks;
    this.osd.open({ tileSource: this.source() });
  }

  /** The same place in other colours or another plane, without a flash in between. */
  look(channels: string | undefined): void {
    if (!this.info) return;
    this.channels = channels;
    const number = ++this.looks;
    const { world } = this.osd;
    this.osd.addTiledImage({
      tileSource: this.source(),
      success: (event) => {
        const added = (event as unknown as { item: OpenSeadragon.TiledImage }).item;
        const loaded = () => {
          // Only the last that was asked for stays, and until it is there what was before it.
          const all = Array.from({ length: world.getItemCount() }, (_, i) => world.getItemAt(i));
          for (const item of all) if ((item === added) !== (number === this.looks)) world.removeItem(item);
        };
        if (number !== this.looks) world.removeItem(added);
        else if (added.getFullyLoaded()) loaded();
        else added.addOnceHandler('fully-loaded-change', loaded);
      },
    });
  }

  /** Until something of an image is there; a second at most. */
  seen(): Promise<void> {
    return new Promise((done) => {
      this.osd.addOnceHandler('tile-loaded', () => done());
      setTimeout(done, 1000);
    });
  }

  fit(): void {
    this.osd.viewport.goHome();
  }

  actualSize(): void {
    this.osd.viewport.zoomTo(this.osd.viewport.imageToViewportZoom(1));
  }

  /** The place of the image at a place of the window, in pixels of level 0. */
  imageAt(clientX: number, clientY: number): OpenSeadragon.Point | null {
    const item = this.osd.world.getItemAt(0);
    if (!item || !this.info) return null;
    const bounds = this.osd.element.getBoundingClientRect();
    return item.viewerElementToImageCoordinates(new OpenSeadragon.Point(clientX - bounds.left, clientY - bounds.top));
  }

  /** Goes where a rectangle of the image is in the middle, and no closer than it is unless it would be tiny or too large. */
  bringInto(x: number, y: number, width: number, height: number): void {
    const item = this.osd.world.getItemAt(0);
    if (!item) return;
    const { viewport } = this.osd;
    const place = item.imageToViewportRectangle(x, y, width, height);
    const view = viewport.getBoundsNoRotate(false);
    const share = Math.max(place.width / view.width, place.height / view.height);
    if (share > 0.9 || share < 0.03) {
      viewport.fitBounds(new OpenSeadragon.Rect(place.x - 4 * place.width, place.y - 4 * place.height, 9 * place.width, 9 * place.height));
    } else viewport.panTo(place.getCenter());
  }

  private source() {
    const whole = this.info!.levels[0]!;
    const maxLevel = levelsOf(this.info!);
    const { path, channels, z, t } = this;
    return {
      width: whole.width,
      height: whole.height,
      tileSize: kTile,
      tileOverlap: 0,
      minLevel: Math.min(8, maxLevel),
      maxLevel,
      getTileUrl: (level: number, x: number, y: number) =>
        address(`images/tiles/${level}/${x}_${y}.jpg`, { image: path, channels, z, t }),
    };
  }

  private moved(): void {
    const item = this.osd.world.getItemAt(0);
    if (!item || !this.info) return;
    const zoom = item.viewportToImageZoom(this.osd.viewport.getZoom(true)); // screen pixels per image pixel
    // Pixels are seen as what they are once they are large.
    this.osd.drawer.setImageSmoothingEnabled(zoom < 2);
    const um = this.info.pixel_size_um;
    this.scale.show(um ? um.x / zoom : null, 1 / zoom);
  }

  private leave(): void {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.readout.textContent = '';
  }

  private point(event: PointerEvent): void {
    const item = this.osd.world.getItemAt(0);
    if (!item || !this.info) return;
    const at = this.imageAt(event.clientX, event.clientY)!;
    const x = Math.floor(at.x);
    const y = Math.floor(at.y);
    clearTimeout(this.timer);
    this.asking?.abort();
    const whole = this.info.levels[0]!;
    if (x < 0 || y < 0 || x >= whole.width || y >= whole.height) {
      this.readout.textContent = '';
      return;
    }
    const um = this.info.pixel_size_um;
    const place = `x ${x}  y ${y}` + (um ? `  (${micrometres(x * um.x)}, ${micrometres(y * um.y)})` : '');
    this.readout.textContent = place;
    this.timer = window.setTimeout(() => void this.read(x, y, place), 60);
  }

  private async read(x: number, y: number, place: string): Promise<void> {
    this.asking = new AbortController();
    const { path, z, t } = this;
    try {
      const answer = await ask<{ values: (number | null)[] }>(
        'images/values',
        { image: path, x, y, z, t },
        { signal: this.asking.signal },
      );
      const names = this.info!.channels;
      const values = answer.values.map((value, i) => `${names[i] ?? i} ${value === null ? 'not a number' : +value.toPrecision(6)}`);
      const more = this.more(x, y);
      this.readout.textContent = `${place}  ·  ${values.join('  ')}` + (more && `  ·  ${more}`);
    } catch (error) {
      if (!isAbort(error)) this.readout.textContent = `${place}  ·  ${String((error as Error).message)}`;
    }
  }
}
