import { ArgumentError } from "../../device/errors.ts";
import { sayError } from "./notices.ts";

/** Calls `onFiles` for files that are dropped on `target` or chosen through `input`; says what to do with a folder. */
export function acceptFiles(
  target: HTMLElement,
  input: HTMLInputElement,
  onFiles: (files: File[]) => void,
): void {
  const over = (event: DragEvent, inside: boolean) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    target.classList.toggle("dropping", inside);
  };
  target.addEventListener("dragover", (event) => over(event, true));
  target.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) over(event, false); // it left the window, and not for another part of the page
  });
  target.addEventListener("drop", (event) => {
    over(event, false);
    const folder = folderAmong(event.dataTransfer);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (folder) void takeFolder(folder, onFiles);
    else if (files.length > 0) onFiles(files);
  });
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    input.value = "";
    if (files.length > 0) onFiles(files);
  });
}

/** The first folder of what is dropped: it comes with a file of its name that cannot be read. */
function folderAmong(transfer: DataTransfer | null): FileSystemDirectoryEntry | undefined {
  const entries = [...(transfer?.items ?? [])].map((item) => item.webkitGetAsEntry());
  return entries.find((entry) => entry?.isDirectory) as FileSystemDirectoryEntry | undefined;
}

/** Where a run's folder, and a folder in the shape of Hugging Face's, have their model. */
const modelPlaces = ["checkpoint/model.safetensors", "hestenes/model.safetensors"];

/** Takes the model of a folder that a run or an export is in; says what to do with another one. */
async function takeFolder(folder: FileSystemDirectoryEntry, onFiles: (files: File[]) => void): Promise<void> {
  for (const place of modelPlaces) {
    const entry = await new Promise<FileSystemEntry | undefined>((resolve) =>
      folder.getFile(place, {}, resolve, () => resolve(undefined)),
    );
    const file =
      entry &&
      (await new Promise<File | undefined>((resolve) =>
        (entry as FileSystemFileEntry).file(resolve, () => resolve(undefined)),
      ));
    if (file) return onFiles([file]);
  }
  sayError(
    new ArgumentError(
      `${folder.name} is a folder. Open it, and drop the files that are in it: mark them all, then drag them.`,
    ),
  );
}
