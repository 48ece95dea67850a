import { readdirSync } from "node:fs";

import { defineConfig } from "vite";

/** Compile the unit tests for Node.js's own test runner, which cannot read TypeScript. */
export default defineConfig({
  logLevel: "warn",
  build: {
    ssr: true,
    target: "node20",
    outDir: ".tests",
    emptyOutDir: true,
    sourcemap: true,
    rollupOptions: {
      input: readdirSync(import.meta.dirname)
        .filter((name) => name.endsWith(".test.ts"))
        .map((name) => `tests/${name}`),
    },
  },
});
