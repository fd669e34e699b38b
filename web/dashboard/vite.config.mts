import { defineConfig } from 'vite';

// Relative addresses: the same build works at whatever path the Hub's proxy serves it.
export default defineConfig({
  base: './',
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 800,
    rolldownOptions: {
      onwarn: (warning, warn) => {
        // «use client» means nothing where there is no server that renders
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') {
          warn(warning);
        }
      }
    }
  }
});
