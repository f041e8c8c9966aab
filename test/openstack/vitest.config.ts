import { defineConfig } from "vitest/config";

/** Tests on a real cloud, by `npm run test:openstack`: one file after the other, since they share its hosts. */
export default defineConfig({
  test: {
    root: new URL("../..", import.meta.url).pathname,
    include: ["test/openstack/**/*.test.ts"],
    globalSetup: "test/support/global-setup.ts",
    fileParallelism: false,
    passWithNoTests: true,
    // A boot or a move takes seconds, and minutes on a cloud that is busy.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
