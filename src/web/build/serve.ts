import { Command, InvalidArgumentError } from "commander";
import { createServer } from "vite";
import { siteConfig } from "./site.ts";

/** `npm run web [-- PORT]`: serves the pages from their sources until Ctrl-C; a change shows at once. */
const program = new Command("npm run web --")
  .description(
    "Serve the pages from their sources to this machine until Ctrl-C; a change of them shows at once.",
  )
  .argument("[port]", "where to listen", portOf, 5173)
  .addHelpText("after", "\nnpm run build makes files for any web server.")
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse();
const [port] = program.processedArgs as [number];

function portOf(text: string): number {
  const port = Number(text);
  if (text !== "" && Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new InvalidArgumentError("It is no port; give a number up to 65535.");
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
