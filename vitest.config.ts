import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "plugins/**/*.test.ts", "examples/**/*.test.ts"],
    // Whole sessions on a real cloud: only ever by "npm run test:openstack", whatever OS_* variables are set.
    exclude: ["**/node_modules/**", "test/openstack/**"],
    globalSetup: "test/support/global-setup.ts",
    // Real servers on a busy CI machine answer late; a test that hangs still ends.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Tests that kill real processes depend on a shared machine's moods; vitest reports what passed only the second time.
    retry: process.env["CI"] ? 1 : 0,
  },
});
