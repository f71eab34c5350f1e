// Writes the files of the built page into a C++ source: `node embed.mjs DIST page_files.cc`.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const [dist, output] = process.argv.slice(2);
const files = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(dist.length + 1))
  .sort();

const arrays = [];
const rows = [];
files.forEach((path, i) => {
  const type = types[extname(path)];
  if (!type) throw new Error(`${path}: embed.mjs has no media type for this suffix`);
  const bytes = readFileSync(join(dist, path));
  const lines = [];
  for (let at = 0; at < bytes.length; at += 32) lines.push([...bytes.subarray(at, at + 32)].join(','));
  arrays.push(`constexpr unsigned char kFile${i}[] = {\n${lines.join(',\n')}};`);
  rows.push(`    {"${path}", "${type}", {reinterpret_cast<const char*>(kFile${i}), sizeof kFile${i}}},`);
});
writeFileSync(
  output,
  `// Made by viewer/embed.mjs.
#include "tegula/server/page_files.h"

namespace tegula::server {
namespace {
${arrays.join('\n')}
}  // namespace

std::span<const PageFile> PageFiles() {
  static const PageFile kFiles[] = {
${rows.join('\n')}
  };
  return kFiles;
}

}  // namespace tegula::server
`,
);
