import { listAdapters } from "#gpu";

/** Says at the start of a run which adapter the tests use. */
export async function setup(): Promise<void> {
  const chosen = (await listAdapters()).find((adapter) => adapter.chosen);
  process.stdout.write(
    chosen
      ? `Adapter: ${chosen.name}, ${chosen.driver} (${chosen.kind})\n`
      : "No adapter: tests that need one will fail; NO_GPU=1 runs the others alone\n",
  );
}
