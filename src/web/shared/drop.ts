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
    if (folder !== undefined)
      sayError(
        new ArgumentError(
          `${folder} is a folder. Open it, and drop the files that are in it: mark them all, then drag them.`,
        ),
      );
    else if (files.length > 0) onFiles(files);
  });
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    input.value = "";
    if (files.length > 0) onFiles(files);
  });
}

/** The name of the first folder of what is dropped: it comes with a file of its name that cannot be read. */
function folderAmong(transfer: DataTransfer | null): string | undefined {
  const entries = [...(transfer?.items ?? [])].map((item) => item.webkitGetAsEntry());
  return entries.find((entry) => entry?.isDirectory)?.name;
}
