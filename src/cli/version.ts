export { version } from "../device/version.node.ts";
