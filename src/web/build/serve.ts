import { createServer } from "vite";
import { siteConfig } from "./site.ts";

/** `npm run web [-- PORT]`: serves the pages from their sources until Ctrl-C; a change shows at once. */
const wanted = process.argv[2] ?? "5173";
const port = Number(wanted);
if (!Number.isInteger(port) || port < 0 || port > 65535) {
  console.error(`web: ${wanted} is no port; give a number up to 65535`);
  process.exit(2);
}
const server = await createServer({ ...siteConfig("dist"), server: { port, strictPort: true } });
try {
  await server.listen();
} catch (error) {
  console.error(`web: ${(error as Error).message}. Give another port: npm run web -- 5180`);
  await server.close();
  process.exit(1);
}
server.printUrls();
server.bindCLIShortcuts({ print: true });
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void server.close().then(() => process.exit(0)));
