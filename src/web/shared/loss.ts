import { DeviceLostError, NoAdapterError } from "../../device/errors.ts";

/** What the browser says of a device's loss, to stand within a sentence. */
export function reasonOf({ message, reason }: GPUDeviceLostInfo): string {
  return (message || reason).replace(/\.$/, "");
}

/** Why no other device could take over from a lost one, in words for who looks at the page. */
export function whyNot(error: unknown): string {
  if (error instanceof DeviceLostError) return "Another one was opened, and lost as well.";
  if (error instanceof NoAdapterError) return "The browser gives this page no other one now.";
  return error instanceof Error ? error.message : String(error);
}
