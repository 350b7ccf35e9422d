/** Names that macOS, Synology's disks and Windows keep for themselves, beside those that begin with a dot. */
const ofSystems = [
  "__macosx",
  "@eadir",
  "$recycle.bin",
  "system volume information",
  "thumbs.db",
  "desktop.ini",
];

/** Whether a file or folder of this name is no part of the data that it lies among. */
export const isHidden = (name: string): boolean =>
  name.startsWith(".") || ofSystems.includes(name.toLowerCase());
