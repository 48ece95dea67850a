import reactHooks from "eslint-plugin-react-hooks";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  { ignores: ["dist/", ".tests/", "src/api/schema.d.ts"] },
  {
    files: ["**/*.ts", "**/*.tsx"],
    // Not the rules that need types: tsc has just checked those, and they take five times as long.
    extends: [tseslint.configs.recommended],
    plugins: { "react-hooks": reactHooks },
    rules: {
      // The rules of hooks hold for Preact too; the plugin's other rules are for React's compiler.
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
    },
  },
);
