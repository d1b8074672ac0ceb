import { defineConfig } from 'vite';

export default defineConfig({
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 800 },
  // `npm run dev`: the page is served by Vite, everything else by the game server.
  server: {
    proxy: {
      '/auth': 'http://localhost:2567',
      '/matchmake': 'http://localhost:2567',
    },
  },
});
