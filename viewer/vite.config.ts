import { defineConfig } from 'vite';

// Relative addresses, so that the page works below any path of a proxy.
export default defineConfig({
  base: './',
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: false, chunkSizeWarningLimit: 1000 },
});
