// What the page shows first is asked for before the page is made: both take about as long.

import { ask, type ChannelRange, type ImageInfo, type Start } from './api';

/** What has to be known of an image before it can be shown. `ranges` are empty where its colours are shown as they are. */
export interface FirstLook {
  info: ImageInfo;
  asItIs: boolean;
  ranges: ChannelRange[];
}

export async function lookAt(image: string, known?: ImageInfo | null): Promise<FirstLook> {
  const info = known ?? await ask<ImageInfo>('images/info', { image });
  const asItIs = info.is_rgb && info.dtype === 'uint8' && info.channels.length === 3;
  const ranges = asItIs ? [] : (await ask<{ channels: ChannelRange[] }>('images/channels', { image })).channels;
  return { info, asItIs, ranges };
}

export const started = ask<Start>('start');
const looked = started.then(({ image, info }) => (image ? lookAt(image, info) : null));
looked.catch(() => {}); // told by whoever opens that image

/** Of the image that the program was started with, once. */
export const firstLook = (image: string): Promise<FirstLook> => looked.then((look) => look ?? lookAt(image));
