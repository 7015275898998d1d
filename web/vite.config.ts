import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// `npm run dev` serves the page with reloading and passes the API on to a running `aisle serve`.
const server = process.env.AISLE_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // the page's policy takes no data: addresses
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1200,
    rollupOptions: {
      output: { manualChunks: (id) => (/node_modules\/(echarts|zrender)\//.test(id) ? "chart" : undefined) },
    },
  },
  server: {
    port: 5173,
    proxy: Object.fromEntries(["/v1", "/status", "/openapi.json"].map((path) => [path, { target: server, ws: true }])),
  },
});
