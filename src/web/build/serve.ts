import { createServer } from "vite";
import { siteConfig } from "./site.ts";

/** `npm run web`: serves the pages from their sources; a change shows at once. */
const server = await createServer(siteConfig("dist"));
await server.listen();
server.printUrls();
server.bindCLIShortcuts({ print: true });
