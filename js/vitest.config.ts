/**
 * Three kinds of tests: `logic` runs in Node, `dom` in a real Chromium (layout, focus and the browser's own parser matter), `pages`
 * drives one from Node (the built bundles in whole pages of chosen sizes and colours, pictures of them, and the Tab key).
 * NBCHAT_CHROMIUM names the browser; the default is Debian's.
 */
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";

const chromium = playwright({
  launchOptions: {
    executablePath: process.env.NBCHAT_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
  },
  contextOptions: { permissions: ["clipboard-read", "clipboard-write"] },
});

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  optimizeDeps: { include: ["preact", "preact/hooks", "preact/jsx-dev-runtime", "@preact/signals", "temml"] },
  server: { fs: { allow: [".."] } },
  test: {
    setupFiles: ["tests/support/patience.ts"],
    expect: { poll: { timeout: 30_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: "logic",
          include: ["tests/wire/**/*.test.ts", "tests/labextension/**/*.test.ts", "tests/build.test.ts"],
          environment: "node",
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "pages",
          include: ["tests/pages/**/*.test.ts"],
          environment: "node",
          globalSetup: ["tests/harness/built.ts"],
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: "dom",
          include: [
            "tests/markdown/**/*.test.ts",
            "tests/hosts/**/*.test.ts",
            "tests/views/**/*.test.{ts,tsx}",
            "tests/highlight/**/*.test.ts",
          ],
          testTimeout: 120_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: chromium,
            instances: [{ browser: "chromium" }],
          },
        },
      },
    ],
  },
});
