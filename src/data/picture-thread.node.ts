import { stat } from "node:fs/promises";
import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import { DataError } from "../device/errors.ts";
import { decodePictures } from "./decode.node.ts";
import { readBytes } from "./files.node.ts";
import { hasGreyOnly, ofForm, rowSize, toChannels, type Form, type Source } from "./picture-form.ts";
import type {
  MadeShard,
  Message,
  PictureRequest,
  Problem,
  Reply,
  RowPlace,
} from "./picture-requests.node.ts";
import type { Picture } from "./resize.ts";
import { readRow, shardBytes, writeShard, type ShardHeader } from "./shards.node.ts";
import { systemWords } from "../device/systemWords.ts";

/** What a thread runs: see `PictureThread`, which starts it. */
const { port, beat } = workerData as { port: MessagePort; beat: Int32Array };

/** Files that are read and decoded side by side. */
const together = 16;

/** What says more of the machine at the time than of the file. */
const isPassing = (problem: string) => /memory|alloc|timeout/i.test(problem);

setInterval(() => Atomics.add(beat, 0, 1), 1000);

parentPort!.on("message", ({ id, request, state }: Message) => {
  void answerTo(request, (read) => port.postMessage({ id, read } satisfies Reply))
    .then(
      ({ answer, owned }) => port.postMessage({ id, answer } satisfies Reply, owned),
      (error: unknown) => port.postMessage({ id, problem: problemOf(error) } satisfies Reply),
    )
    .finally(() => {
      Atomics.store(state, 0, 1);
      Atomics.notify(state, 0);
    });
});

interface Answer {
  answer: unknown;
  owned?: ArrayBuffer[] | undefined;
}

async function answerTo(request: PictureRequest, onRead: (read: number) => void): Promise<Answer> {
  if (request.kind === "decode") {
    const [picture] = await decodePictures([request]);
    if (picture instanceof DataError) throw picture;
    return { answer: picture };
  }
  if (request.kind === "rows") {
    await readRows(request);
    return { answer: undefined };
  }
  const answer = await makeShard(request, onRead);
  return { answer, owned: [answer.rows.buffer] };
}

function problemOf(error: unknown): Problem {
  if (!(error instanceof DataError))
    return { problem: error instanceof Error ? error.message : String(error) };
  const { file, offset, problem } = error;
  return { file, offset, problem };
}

/** A picture of a file, and whether the file is the one that was looked at before. */
interface Read {
  picture: Picture | DataError;
  isSame: boolean;
  /** Whether it was read at all: what a DataError then says is so of its bytes. */
  isRead: boolean;
}

/** Reads and decodes some files side by side. */
async function readPictures(sources: readonly Source[]): Promise<Read[]> {
  const files = await Promise.all(
    sources.map(async ({ file, size, time }) => {
      const bytes = await readBytes(file).catch(asDataError);
      const now = await stat(file).catch(() => undefined);
      const isGone = now === undefined && size < 0;
      return { file, bytes, isSame: isGone || (now?.size === size && now.mtimeMs === time) };
    }),
  );
  const whole = files.flatMap(({ file, bytes }) => (bytes instanceof DataError ? [] : [{ file, bytes }]));
  const decoded = (await decodePictures(whole)).values();
  return files.map(({ bytes, isSame }) =>
    bytes instanceof DataError
      ? { picture: bytes, isSame, isRead: false }
      : { picture: decoded.next().value!, isSame, isRead: true },
  );
}

function asDataError(error: unknown): DataError {
  if (error instanceof DataError) return error;
  throw error;
}

/** Decodes the pictures of a shard, and keeps it where there is a place and nothing of it may be otherwise next time. */
async function makeShard(
  { sources, form, place, label }: PictureRequest & { kind: "shard" },
  onRead: (read: number) => void,
): Promise<MadeShard> {
  const size = rowSize(form);
  const all = new Uint8Array(sources.length * size);
  const refused: ShardHeader["refused"] = [];
  let changed: string | undefined;
  let [count, isGrey, isFinal] = [0, true, true];
  for (let from = 0; from < sources.length; from += together) {
    const part = sources.slice(from, from + together);
    for (const [i, { picture, isSame, isRead }] of (await readPictures(part)).entries()) {
      if (!isSame) changed ??= part[i]!.file;
      if (picture instanceof DataError) {
        const { offset, problem } = problemOf(picture);
        refused.push({ index: from + i, offset, problem });
        isFinal &&= isRead && !isPassing(problem);
        continue;
      }
      const { data } = ofForm(picture, part[i]!.file, form);
      all.set(data, count++ * size);
      isGrey &&= hasGreyOnly(data);
    }
    onRead(part.length);
  }
  const channels = isGrey ? 1 : 3;
  toChannels(all.subarray(0, count * size), 3, channels, all);
  const { height, width } = form;
  const pictures = sources.length;
  const header: ShardHeader = { label, height, width, channels, pictures, rows: count, refused };
  const rows = all.slice(0, count * height * width * channels);
  const made = { header, rows, start: undefined, problem: undefined, changed };
  if (place.path === undefined || changed !== undefined || !isFinal) return made;
  const { bytes, start } = shardBytes(place.key, header, rows);
  try {
    writeShard(place.path, bytes);
    return { ...made, start };
  } catch (error) {
    return { ...made, problem: systemWords(error) };
  }
}

/** Puts rows into `out`, one after the other. Throws DataError for a file that cannot be read, or is no longer what it was. */
async function readRows({ rows, form, channels, out }: PictureRequest & { kind: "rows" }): Promise<void> {
  const size = channels * form.height * form.width;
  const target = new Uint8Array(out);
  const place = (row: number) => target.subarray(row * size, (row + 1) * size);
  const missing: number[] = [];
  for (const [i, { stored, channels: own }] of rows.entries()) {
    const row = stored && readRow(stored);
    if (row) toChannels(row, own, channels, place(i));
    else missing.push(i);
  }
  for (let from = 0; from < missing.length; from += together) {
    const part = missing.slice(from, from + together);
    const sources = part.map((i) => (rows[i] as RowPlace).source);
    for (const [i, { picture, isSame }] of (await readPictures(sources)).entries()) {
      if (picture instanceof DataError) throw picture;
      toChannels(rowOf(picture, sources[i]!, isSame, form), 3, channels, place(part[i]!));
    }
  }
}

function rowOf(picture: Picture, { file }: Source, isSame: boolean, form: Form): Uint8Array {
  if (!isSame)
    throw new DataError(file, undefined, "the file is no longer the one that was loaded; load the data anew");
  return ofForm(picture, file, form).data;
}
