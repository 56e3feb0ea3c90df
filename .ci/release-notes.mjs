// Prints the part of CHANGELOG.md about a version; fails when there is none, or package.json says another version.
//   node .ci/release-notes.mjs v0.2.0
import { readFileSync } from 'node:fs';

const read = (file) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
const version = (process.argv[2] ?? '').replace(/^v/, '');
const { version: packaged } = JSON.parse(read('package.json'));
const sections = read('CHANGELOG.md').split(/^## /m).slice(1);
const notes = sections
  .find((section) => section.split(/\s/)[0] === version)
  ?.replace(/^.*\n/, '')
  .trim();
if (version !== packaged) fail(`The tag says ${version}, package.json ${packaged}.`);
else if (notes === undefined || notes === '') fail(`CHANGELOG.md has nothing under "## ${version}".`);
else console.log(notes);

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}
