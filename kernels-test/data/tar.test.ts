import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { unpack } from "../../src/data/download.node.ts";
import { tarFiles } from "../../src/data/tar.ts";
import { bytes, expectDataError, temporaryFolder } from "./files.ts";

interface Entry {
  name: string;
  data?: Uint8Array;
  kind?: string;
}

/** A ustar archive with its end mark. */
function tar(...entries: Entry[]): Uint8Array {
  const blocks = entries.flatMap(({ name, data = new Uint8Array(0), kind = "0" }) => {
    const header = new Uint8Array(512);
    const put = (text: string, at: number) => header.set(new TextEncoder().encode(text), at);
    put(name, 0);
    put(`${data.length.toString(8).padStart(11, "0")}\0`, 124);
    put(" ".repeat(8), 148);
    put(kind, 156);
    put("ustar\x0000", 257);
    put(
      `${header
        .reduce((a, b) => a + b)
        .toString(8)
        .padStart(6, "0")}\0 `,
      148,
    );
    const padded = new Uint8Array(Math.ceil(data.length / 512) * 512);
    padded.set(data);
    return [header, padded];
  });
  return new Uint8Array(Buffer.concat([...blocks, new Uint8Array(1024)]));
}

const list = (archive: Uint8Array) => [...tarFiles(archive, "a.tar")];

describe("tarFiles", () => {
  test("gives the plain files and passes over the rest", () => {
    const archive = tar(
      { name: "d/", kind: "5" },
      { name: "d/a", data: bytes(700) },
      { name: "l", kind: "2" },
      { name: "b" },
    );
    expect(list(archive).map(({ name, data }) => [name, data.length])).toEqual([
      ["d/a", 700],
      ["b", 0],
    ]);
    expect(list(archive)[0]!.data).toEqual(bytes(700));
  });

  test("fails wherever the archive is cut, and on any changed header byte", async () => {
    const archive = tar({ name: "a", data: bytes(700) });
    for (let length = 0; length <= 1536; length += 64) {
      await expectDataError(() => list(archive.slice(0, length)), "a.tar");
    }
    const lastOfChecksum = 155; // what follows the checksum's NUL does not count
    for (let at = 0; at < 512; at++) {
      if (at === lastOfChecksum) continue;
      const bad = archive.slice();
      bad[at]! ^= 0x11;
      await expectDataError(() => list(bad), "a.tar");
    }
  });
});

describe("unpack", () => {
  const members = new Map([
    ["in/one.bin", 600],
    ["in/two.bin", 10],
  ]);
  const good = [
    { name: "in/one.bin", data: bytes(600) },
    { name: "in/two.bin", data: bytes(10) },
  ];

  function archive(packed: Uint8Array): [string, string] {
    const folder = temporaryFolder();
    const path = join(folder, "a.tar.gz");
    writeFileSync(path, packed);
    return [path, join(folder, "out")];
  }

  test("writes the members it was asked for and nothing else", async () => {
    const evil = ["../evil", "/tmp/hestenes-evil", "in/../../evil", "in/other"].map((name) => ({
      name,
      data: bytes(3),
    }));
    const [path, out] = archive(gzipSync(tar(...evil, ...good, { name: "in/one.bin", kind: "2" })));
    expect(await unpack(path, out, members)).toEqual([join(out, "in/one.bin"), join(out, "in/two.bin")]);
    expect(readdirSync(out, { recursive: true }).sort()).toEqual(["in", "in/one.bin", "in/two.bin"]);
    expect(readdirSync(join(out, "..")).sort()).toEqual(["a.tar.gz", "out"]);
    expect(new Uint8Array(readFileSync(join(out, "in/one.bin")))).toEqual(bytes(600));
  });

  test("says what is missing, has the wrong size, or cannot be unpacked", async () => {
    const cases: [Uint8Array, RegExp][] = [
      [gzipSync(tar(good[0]!)), /lacks in\/two.bin/],
      [
        gzipSync(tar(good[0]!, { name: "in/two.bin", data: bytes(11) })),
        /"in\/two.bin" has 11 bytes, expected 10/,
      ],
      [gzipSync(tar(...good)).subarray(0, 300), /cannot be unpacked/],
      [gzipSync(tar(...good, { name: "bomb", data: new Uint8Array(5_000_000) })), /cannot be unpacked/],
      [bytes(2000), /cannot be unpacked/],
    ];
    for (const [packed, message] of cases) {
      const [path, out] = archive(packed);
      await expectDataError(() => unpack(path, out, members), "a.tar.gz", undefined, message);
    }
  });
});
