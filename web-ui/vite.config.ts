import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: "es2022",
    // The node's content security policy allows no inline code and no data: scripts, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
  },
  server: {
    // For work on the pages: HUIZHI_NODE names a running node, for example the address that the demo prints.
    proxy: process.env["HUIZHI_NODE"] ? { "/api": process.env["HUIZHI_NODE"] } : {},
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.ts"],
  },
});
