import { defineConfig, loadEnv, type Plugin } from "vite";

/** Write the headers that the host must send to headers.json, beside the build. */
function headers(env: Record<string, string>): Plugin {
  const api = new URL(env.VITE_API_URL!).origin;
  const media = env.VITE_MEDIA_ORIGIN!;
  const domain = env.VITE_AUTH0_DOMAIN!;
  const issuer = new URL(domain.includes("://") ? domain : `https://${domain}`).origin;
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src 'self' data: https: ${api} ${media}`, // posts may show images from any host
    `connect-src 'self' ${api} ${media} ${issuer}`,
    `frame-src ${issuer}`, // silent login
    "worker-src 'self'", // holds the refresh token
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  const all = {
    "Content-Security-Policy": policy.join("; "),
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
  };
  return {
    name: "headers",
    generateBundle() {
      this.emitFile({
        type: "asset",
        fileName: "headers.json",
        source: `${JSON.stringify(all, null, 2)}\n`,
      });
    },
  };
}

export default defineConfig(({ mode }) => ({
  plugins: [headers(loadEnv(mode, "."))],
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // data: URLs would need a weaker policy
  },
}));
