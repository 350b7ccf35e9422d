import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { hasSetting, modelNames } from "../../src/models/known.ts";
import { summarize } from "../../src/report/summary.node.ts";
import { runSession } from "../../src/runs/run-session.node.ts";
import { smallRun } from "./runs.ts";

test.each(modelNames)("a run of %s ends with a report", async (model) => {
  const narrow = ["criticWidth", "secondWidth"].filter((name) => hasSetting(model, name));
  const given = Object.fromEntries(narrow.map((name) => [name, 8]));
  const { folder, config } = smallRun({ model, steps: 1, ...given });
  const session = await runSession(folder, config);
  const { testError } = await summarize(session, { command: "a test", version: "0" });
  session.close();
  expect(testError).toBeGreaterThan(0);
  expect(existsSync(folder.file("report.html"))).toBe(true);
});
