// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// Where the API is while developing: FACET_API=https://127.0.0.1:8443 npm run dev
const api = process.env.FACET_API ?? 'https://127.0.0.1:8443';

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: {
    proxy: {
      // facetd refuses other origins than its own, and its development certificate is signed by nobody.
      '/api': { target: api, secure: false, changeOrigin: true, ws: true, headers: { origin: api } },
    },
  },
  build: {
    target: 'es2022',
    // One warning threshold for the first load; consoles and graphs are chunks of their own.
    chunkSizeWarningLimit: 900,
    rollupOptions: {
      output: {
        manualChunks: {
          react: ['react', 'react-dom', 'react-router-dom', '@tanstack/react-query'],
        },
      },
    },
  },
  test: { include: ['test/**/*.test.ts'], environment: 'node' },
});
